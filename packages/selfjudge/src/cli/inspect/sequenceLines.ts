import type { TokenKind } from '@selfjudge/training';
import { columnsOf, harmless, type Paint } from '../terminal.js';
import type { TokenPiece } from './tokenPieces.js';

export interface SequenceOptions {
  paint: Paint;
  /** Columns. */
  width: number;
  /** Colours are on: they show where a token ends; else a line does. */
  coloured: boolean;
}

/** Two shades a kind, for neighbours, and two for its control tokens. */
const SHADES = {
  prompt: { plain: ['onGrey', 'onDarkGrey'], control: ['onBlue', 'onDarkBlue'] },
  trained: { plain: ['onGreen', 'onDarkGreen'], control: ['onTeal', 'onDarkTeal'] },
  verdict: { plain: ['onAmber', 'onAmber'], control: ['onAmber', 'onAmber'] },
  reward: { plain: ['onAmber', 'onAmber'], control: ['onAmber', 'onAmber'] },
  rationale: { plain: ['onPurple', 'onDarkPurple'], control: ['onTeal', 'onDarkTeal'] },
} as const;

const GUTTER = 11;
const LINE_BREAK = '⏎';
/** The end of a token, where there are no colours. */
const EDGE = '│';
/** Stands for a token that is a part of a character only. */
const PART = '▯';

/** A sequence, token by token: what is a label begins a line of its own, named before it. */
export function sequenceLines(
  pieces: readonly TokenPiece[],
  kinds: readonly TokenKind[],
  { paint, width, coloured }: SequenceOptions,
): string[] {
  const lines: string[] = [];
  const columns = width - GUTTER;
  let line = '';
  let used = 0;
  let name = '';
  const end = () => {
    lines.push(`${paint(name.padStart(GUTTER - 2), 'dim')}  ${line}`.trimEnd());
    line = '';
    used = 0;
    name = '';
  };
  pieces.forEach(({ text, control }, i) => {
    const kind = kinds[i];
    if (kind !== kinds[i - 1]) {
      if (i > 0 && (used > 0 || name !== '')) end();
      name = kind;
    }
    const shade = SHADES[kind][control ? 'control' : 'plain'][i % 2];
    const said = (text === '' ? PART : harmless(text)).replaceAll('\n', `${LINE_BREAK}\n`);
    const shown = coloured || kind !== kinds[i + 1] ? said : said.replace(/\n?$/, (end) => `${EDGE}${end}`);
    // A token is broken at its line breaks, and where it does not fit.
    shown.split('\n').forEach((part, p) => {
      if (p > 0) end();
      let chunk = '';
      const flush = () => {
        line += coloured ? paint(chunk, shade) : chunk;
        chunk = '';
      };
      if (part !== '' && used > 0 && used + widthUpTo(part, columns) > columns) end();
      for (const character of part) {
        if (used + columnsOf(character) > columns) {
          flush();
          end();
        }
        chunk += character;
        used += columnsOf(character);
      }
      flush();
    });
  });
  if (line !== '' || name !== '') end();
  return lines;
}

/** Columns of a text, counted no farther than one beyond `most`. */
function widthUpTo(text: string, most: number): number {
  let columns = 0;
  for (const character of text) if ((columns += columnsOf(character)) > most) return 0;
  return columns;
}
