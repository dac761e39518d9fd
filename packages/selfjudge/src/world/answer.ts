/** One named thing, with its number of letters where the writer gives one. */
export interface Item {
  word: string;
  number?: number;
}

/** An answer in its parts. */
export interface Answer {
  /** Opened by `Sure:`. */
  polite: boolean;
  bullets: boolean;
  items: Item[];
  total?: number;
}

const ITEM = '[a-z]+(?: [0-9]+)?';
const SHAPE = new RegExp(
  `^(Sure: )?(?:(${ITEM}(?:, ${ITEM})*)\\.|(- ${ITEM}(?: - ${ITEM})*))( Total [0-9]+\\.)?$`,
);

/** The parts of a text that has the shape of an answer; undefined for any other. */
export function readAnswer(text: string): Answer | undefined {
  const match = SHAPE.exec(text);
  if (match === null) return undefined;
  const [, sure, plain, bullets, total] = match;
  const items = (plain ?? bullets.slice(2)).split(plain === undefined ? ' - ' : ', ').map((item): Item => {
    const [word, number] = item.split(' ');
    return number === undefined ? { word } : { word, number: Number(number) };
  });
  return {
    polite: sure !== undefined,
    bullets: bullets !== undefined,
    items,
    ...(total === undefined ? {} : { total: Number(total.slice(7, -1)) }),
  };
}

/** As the world writes it: `Sure: crab 4, eel 3. Total 7.` or `- crab - eel`. */
export function writeAnswerText({ polite, bullets, items, total }: Answer): string {
  const named = items.map(({ word, number }) => (number === undefined ? word : `${word} ${number}`));
  const list = bullets ? `- ${named.join(' - ')}` : `${named.join(', ')}.`;
  return `${polite ? 'Sure: ' : ''}${list}${total === undefined ? '' : ` Total ${total}.`}`;
}

/** Words and marks to text as the world writes it: no space before , . : ? */
export const joinWords = (tokens: readonly string[]): string => tokens.join(' ').replace(/ ([,.:?])/g, '$1');

/** The words and marks of a text, which are its tokens. */
export const wordsOf = (text: string): string[] => text.match(/\w+|[^\w\s]/g) ?? [];
