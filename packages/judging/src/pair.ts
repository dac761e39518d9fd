import type { Text } from '@selfjudge/data';

/** Two answers to one prompt. */
export interface JudgePair {
  prompt: Text;
  a: string;
  b: string;
}

/** Which answer is shown first: as Response A. */
export type Order = 'ab' | 'ba';

export const ORDERS: readonly Order[] = ['ab', 'ba'];
