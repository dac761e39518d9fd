import { Random } from '@selfjudge/base';
import { CATEGORIES, COUNTS, MEMBERS } from './facts.js';

export const STYLES = ['plain', 'polite', 'bullets'] as const;
export type Style = (typeof STYLES)[number];
export const ORDERS = ['any', 'alphabetical', 'reverse'] as const;
export type Order = (typeof ORDERS)[number];

/** One instruction of the small world. */
export interface WorldPrompt {
  text: string;
  /** The combination, which is held out as a whole. */
  key: string;
  category: string;
  count: number;
  order: Order;
  /** No item may start with it. */
  letter?: string;
  /** Each item's number of letters, and their total. */
  numbers: boolean;
  style: Style;
}

const VERBS = ['List', 'Name', 'Give me'];
const ORDER_TEXT: Record<Order, string> = {
  any: '',
  alphabetical: ' in alphabetical order',
  reverse: ' in reverse order',
};
const STYLE_TEXT: Record<Style, string> = { plain: '', polite: ' Be polite.', bullets: ' Use bullets.' };

/** First letters of a category's members that leave five to choose from, the first five of them. */
const lettersOf = (category: string): string[] => {
  const members = MEMBERS[category];
  const letters = [...new Set(members.map((word) => word[0]))].sort();
  return letters.filter((x) => members.filter((word) => word[0] !== x).length >= 6).slice(0, 5);
};

/** Every instruction there is: over 5,000 combinations in three wordings. One that asks for nothing special is none. */
export function allPrompts(): WorldPrompt[] {
  const out: WorldPrompt[] = [];
  for (const category of CATEGORIES)
    for (const [word, count] of Object.entries(COUNTS))
      for (const order of ORDERS)
        for (const letter of [undefined, ...lettersOf(category)])
          for (const numbers of [false, true])
            for (const style of STYLES) {
              if (order === 'any' && letter === undefined && !numbers) continue;
              const key = [category, word, order, letter ?? '', numbers ? 'numbers' : '', style].join('|');
              const without = letter === undefined ? '' : `, none starting with ${letter}`;
              const counted = numbers ? ', with their letters and the total' : '';
              const rest = `${word} ${category}${ORDER_TEXT[order]}${without}${counted}.${STYLE_TEXT[style]}`;
              for (const verb of VERBS)
                out.push({ text: `${verb} ${rest}`, key, category, count, order, letter, numbers, style });
            }
  return out;
}

/** Text -> instruction, of all there are. */
export const promptsByText = (): Map<string, WorldPrompt> =>
  new Map(allPrompts().map((prompt) => [prompt.text, prompt]));

/** Instructions by what they are for: no combination is in two. */
export interface WorldSplits {
  /** With labelled pairs and demonstrations. */
  labelled: WorldPrompt[];
  /** Prompts alone, for training on own answers. */
  self: WorldPrompt[];
  /** Every choice is made there. */
  dev: WorldPrompt[];
  /** Scored once. */
  test: WorldPrompt[];
}

/** Of all combinations; `labelled` and `self` share the rest. */
const SHARES = { dev: 0.08, test: 0.12, labelled: 0.3 };

/** Those that are held out are the same for every seed: the base has read nothing of them either. */
function held(prompts: readonly WorldPrompt[]): {
  dev: WorldPrompt[];
  test: WorldPrompt[];
  rest: WorldPrompt[];
} {
  const [dev, test, rest] = parted(prompts, new Random(0, 101), [SHARES.dev, SHARES.test]);
  return { dev: oneWording(dev), test: oneWording(test), rest };
}

/** What the base may read about. */
export const corpusPrompts = (): WorldPrompt[] => held(allPrompts()).rest;

/** @returns of dev and test one wording of each combination */
export function splitPrompts(seed: number): WorldSplits {
  const { dev, test, rest } = held(allPrompts());
  const share = SHARES.labelled / (1 - SHARES.dev - SHARES.test);
  const [labelled, self] = parted(rest, new Random(seed, 101), [share]);
  return { labelled, self, dev, test };
}

/** Parts with these shares of the combinations, by chance, and one with the rest. */
function parted(prompts: readonly WorldPrompt[], random: Random, shares: readonly number[]): WorldPrompt[][] {
  const keys = random.shuffled([...new Set(prompts.map((p) => p.key))].sort());
  let start = 0;
  return [...shares, Infinity].map((share) => {
    const own = new Set(keys.slice(start, (start += Math.round(share * keys.length))));
    return prompts.filter((p) => own.has(p.key));
  });
}

/** The wordings of a combination stand side by side: one of them each, in turns. */
const oneWording = (prompts: readonly WorldPrompt[]): WorldPrompt[] =>
  prompts.filter((_, i) => i % VERBS.length === Math.floor(i / VERBS.length) % VERBS.length);

export const drawPrompts = (prompts: readonly WorldPrompt[], random: Random, count: number): WorldPrompt[] =>
  Array.from({ length: count }, () => random.choice(prompts));
