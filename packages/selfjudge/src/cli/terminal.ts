/** What is written to. */
export interface Screen {
  isTTY?: boolean;
  columns?: number;
  /** Bits of its colours. */
  getColorDepth?(): number;
  write(text: string): unknown;
}

const STYLES = {
  bold: [1, 22],
  dim: [2, 22],
  inverse: [7, 27],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  magenta: [35, 39],
  cyan: [36, 39],
} as const;

/**
 * Grounds to tell neighbours apart by, each with the colour of text that can be read on it, whatever the terminal's own
 * are: of 256 colours ground and text; of 16, where there are no more, the text alone.
 */
const GROUNDS = {
  onGrey: [239, 255, 37],
  onDarkGrey: [236, 255, 90],
  onBlue: [25, 255, 34],
  onDarkBlue: [24, 255, 94],
  onGreen: [28, 255, 32],
  onDarkGreen: [22, 255, 92],
  onTeal: [30, 255, 36],
  onDarkTeal: [23, 255, 96],
  onAmber: [136, 232, 33],
  onPurple: [55, 255, 35],
  onDarkPurple: [54, 255, 95],
} as const;

export type Style = keyof typeof STYLES | keyof typeof GROUNDS;
/** A text in styles, or as it is where colours are off. */
export type Paint = (text: string, ...styles: readonly Style[]) => string;

/** Whether colours are wanted: on a terminal that has not been asked to do without (https://no-color.org), nowhere else. */
export function hasColours(screen: Screen, { NO_COLOR, TERM }: NodeJS.ProcessEnv = process.env): boolean {
  return screen.isTTY === true && (NO_COLOR === undefined || NO_COLOR === '') && TERM !== 'dumb';
}

export function painter(screen: Screen, env: NodeJS.ProcessEnv = process.env): Paint {
  if (!hasColours(screen, env)) return (text) => text;
  const many = (screen.getColorDepth?.() ?? 4) >= 8;
  return (text, ...styles) => {
    if (text === '') return '';
    return styles.reduce((inner, style) => {
      const [open, close] = codesOf(style, many);
      return `\x1b[${open}m${inner}\x1b[${close}m`;
    }, text);
  };
}

function codesOf(style: Style, many: boolean): readonly [open: number | string, close: number | string] {
  if (!(style in GROUNDS)) return STYLES[style as keyof typeof STYLES];
  const [ground, text, plain] = GROUNDS[style as keyof typeof GROUNDS];
  return many ? [`48;5;${ground};38;5;${text}`, '49;39'] : [plain, 39];
}

/** Columns to write in: those of the terminal, at most `most`; `otherwise` where there is none. */
export function widthOf(screen: Screen, { most = 100, otherwise = 80 } = {}): number {
  return Math.max(20, Math.min(screen.columns ?? otherwise, most));
}

// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/**
 * Text of models and files as a terminal may show it: control characters, which could move the cursor or change the
 * terminal, as pictures of themselves. Tabs become spaces; line breaks stay.
 */
export function harmless(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replaceAll('\t', '    ')
    .replace(CONTROL, (character) => {
      const code = character.charCodeAt(0);
      if (code === 0x7f) return '\u2421';
      return code < 0x20 ? String.fromCharCode(0x2400 + code) : '\uFFFD';
    });
}

const ZERO = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
/** Characters two columns wide: East Asian ones (Unicode's wide and full-width blocks) and pictures. */
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]$/u;

/** Columns that a character takes. */
export function columnsOf(character: string): number {
  if (character <= '\u02ff') return 1;
  if (ZERO.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** Columns that a text without styles takes. */
export function textWidth(text: string): number {
  let columns = 0;
  for (const character of text) columns += columnsOf(character);
  return columns;
}

/** A text on one line in at most `columns`, its end marked where it was cut, filled up with spaces. */
export function fitted(text: string, columns: number): string {
  const line = harmless(text).replace(/\s+/g, ' ').trim();
  if (textWidth(line) <= columns) return line + ' '.repeat(columns - textWidth(line));
  let shown = '';
  let used = 0;
  for (const character of line) {
    if (used + columnsOf(character) > columns - 1) break;
    shown += character;
    used += columnsOf(character);
  }
  return `${shown}…${' '.repeat(Math.max(0, columns - used - 1))}`;
}

/** 12345 as 12,345. */
export const grouped = (value: number): string => value.toLocaleString('en-US');

/** A count with its word: 1 row, 2 rows. */
export const counted = (count: number, word: string): string =>
  `${grouped(count)} ${word}${count === 1 ? '' : 's'}`;
