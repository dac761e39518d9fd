import type { Tokenizer } from '@selfjudge/text';

/** What a token says. */
export interface TokenPiece {
  id: number;
  /** Its text; of a token that holds a part of a character nothing, but of the last part, which has it whole. */
  text: string;
  /** Written by the template alone. */
  control: boolean;
}

/** What a tokenizer gives for bytes that are no whole character. */
const PARTIAL = '\uFFFD';

/** The text of each token of a sequence. Joined, the texts are what the sequence says. */
export function tokenPieces(tokenizer: Tokenizer, tokens: readonly number[]): TokenPiece[] {
  // Behind other text a token shows the space that it begins with.
  const before = tokenizer.encode('a');
  const start = tokenizer.decode(before).length;
  const pieces: TokenPiece[] = [];
  let open: number[] = [];
  const close = () => {
    const last = pieces.at(-1);
    if (open.length > 0 && last !== undefined)
      last.text = tokenizer.decode([...before, ...open]).slice(start);
    open = [];
  };
  for (const id of tokens) {
    if (tokenizer.isControl(id)) {
      close();
      pieces.push({ id, text: tokenizer.tokenText(id), control: true });
      continue;
    }
    open.push(id);
    const text = tokenizer.decode([...before, ...open]).slice(start);
    const whole = !text.endsWith(PARTIAL);
    pieces.push({ id, text: whole ? text : '', control: false });
    if (whole) open = [];
  }
  close();
  return pieces;
}
