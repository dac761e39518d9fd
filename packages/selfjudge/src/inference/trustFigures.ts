import type { Estimate } from '@selfjudge/evaluation';
import type { JudgeTrust } from '@selfjudge/evaluation/internal';

/** A figure and what it is called; one that begins with spaces belongs to the one before. */
export type Named = readonly [name: string, estimate: Estimate | undefined];

/** The figures of a judge in the order in which they are read, each with its name. */
export const figures = ({ length, self, ...of }: JudgeTrust): Named[] => [
  ['accuracy', of.accuracy],
  ['  better answer is longer', length?.longerBetter],
  ['  better answer is shorter', length?.shorterBetter],
  ['  about equally long', length?.near],
  ['always the longer', of.alwaysLonger],
  ["always the file's first", of.alwaysFirst],
  ['longer wins', length?.longerWins],
  ['  by the labels', length?.longerLabelled],
  ['ties', of.ties],
  ['no verdict', of.nulls],
  ['both orders agree', of.positionConsistency],
  ['turns with the order', of.swapFlips],
  ['first shown wins', of.firstRate],
  ['own answer wins', self?.judge],
  ['  by the labels', self?.labels],
  ['  where people see a tie', self?.equal],
];
