import { object, text } from '@selfjudge/base/checks';
import { prompt } from '@selfjudge/text/checks';
import type { Text } from '@selfjudge/data';

/** Two answers to one prompt. */
export interface JudgePair {
  prompt: Text;
  a: string;
  b: string;
}

export const isPair = object({ prompt, a: text, b: text });

/** Which answer is shown first: as Response A. */
export type Order = 'ab' | 'ba';

export const ORDERS: readonly Order[] = ['ab', 'ba'];
