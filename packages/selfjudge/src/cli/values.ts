import { InvalidArgumentError } from 'commander';

/** A parser of numeric flags: refuses what is no number or out of range, saying the range. */
export function numberFlag({ least = -Infinity, most = Infinity } = {}): (text: string) => number {
  return (text) => parsed(text, 'a number', Number.isFinite, least, most);
}

/** A parser of flags that are whole numbers. */
export function wholeFlag({ least = 0, most = Number.MAX_SAFE_INTEGER } = {}): (text: string) => number {
  return (text) => parsed(text, 'a whole number', Number.isInteger, least, most);
}

function parsed(
  text: string,
  kind: string,
  isKind: (value: number) => boolean,
  least: number,
  most: number,
): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (isKind(value) && value >= least && value <= most) return value;
  const range = [
    Number.isFinite(least) ? ` from ${least}` : '',
    Number.isFinite(most) && most < Number.MAX_SAFE_INTEGER ? ` to ${most}` : '',
  ];
  throw new InvalidArgumentError(`Expected ${kind}${range.join('')}.`);
}
