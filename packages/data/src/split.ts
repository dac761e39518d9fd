import { createHash } from 'node:crypto';

import { ArgumentError } from '@selfjudge/base';

import type { Text } from './text.js';
import { messagesOf } from './text.js';
import { messageText } from '@selfjudge/text/internal';

export type Split = 'train' | 'self' | 'dev' | 'test';

/** Share of each split; they add up to 1. */
export type SplitFractions = Record<Split, number>;

/** `train` is for SFT and judge examples, `self` for self-training's prompts, choices go by `dev`, reports by `test`. */
export const DEFAULT_FRACTIONS: SplitFractions = { train: 0.6, self: 0.2, dev: 0.05, test: 0.15 };

export const SPLITS: readonly Split[] = ['train', 'self', 'dev', 'test'];

/**
 * The split of a prompt, by a hash of its first user turn: rows that begin with one question are always together, in
 * every run and every file, whatever was answered and asked afterwards. Case, white space and the compatibility forms
 * of Unicode make no difference.
 *
 * @throws ArgumentError when the fractions do not add up to 1
 */
export function splitOf(prompt: Text, fractions: SplitFractions = DEFAULT_FRACTIONS): Split {
  const total = SPLITS.reduce((sum, split) => sum + fractions[split], 0);
  if (!(Math.abs(total - 1) < 1e-9) || SPLITS.some((split) => fractions[split] < 0)) {
    throw new ArgumentError('fractions', {
      where: 'splitOf',
      expected: 'train, self, dev and test, at least 0 each, that add up to 1',
      received: fractions,
    });
  }
  const place = hashFraction(firstUserTurn(prompt));
  let end = 0;
  for (const split of SPLITS) {
    end += fractions[split];
    if (place < end) return split;
  }
  // Rounding left `end` a hair under 1: the last split that is not empty.
  return SPLITS.findLast((split) => fractions[split] > 0)!;
}

/** What a prompt is told apart by: its first user turn in NFKC, lower case, white space as single spaces. */
export function firstUserTurn(prompt: Text): string {
  const turn = messagesOf(prompt).find((message) => message.role === 'user');
  return turn === undefined ? '' : normalised(messageText(turn));
}

/** Text as it is told apart from other text: in NFKC, lower case, white space as single spaces. */
export const normalised = (text: string): string =>
  // ASCII is NFKC already; single spaces are most of all white space and stay.
  (isAscii(text) ? text : text.normalize('NFKC'))
    .toLowerCase()
    .replace(/\s{2,}|[^\S ]/g, ' ')
    .trim();

export const isAscii = (text: string): boolean => !/[^\0-\x7f]/.test(text);

/** A number in [0, 1) from the first 52 bits of the text's SHA-256. */
export function hashFraction(text: string): number {
  const hex = createHash('sha256').update(text, 'utf8').digest('hex').slice(0, 13);
  return Number.parseInt(hex, 16) / 2 ** 52;
}
