import { mean } from '@selfjudge/base/internal';
import { wilson, type Estimate } from './estimate.js';

/** Confidence goes from 0.5 to 1. */
const BINS = 5;

/** Something that was said with a confidence, and whether it was right. */
export interface Confident {
  /** The probability of what it names, 0.5 to 1. */
  confidence: number;
  /** 1, 0, or 0.5 for a tie. */
  right: number;
  /** What it is about: several questions about one pair depend on each other, and intervals are those of as many pairs. */
  group: number;
}

/** Answers of about one confidence. */
export interface ConfidenceBin {
  low: number;
  high: number;
  answers: number;
  /** Mean over the answers. */
  confidence: number;
  accuracy: Estimate;
}

/** How far confidence can be believed. */
export interface Reliability {
  /**
   * Expected calibration error (Guo et al., arXiv 1706.04599, equation 3): the mean over answers of |accuracy - confidence| of
   * their bin. NaN without answers.
   */
  error: number;
  /** Five of equal width, from the least; bins without an answer are left out. */
  bins: ConfidenceBin[];
}

export function reliabilityOf(answers: readonly Confident[]): Reliability {
  const edge = (i: number) => 0.5 + i / (2 * BINS);
  const bins = Array.from({ length: BINS }, (_, i) => ({
    low: edge(i),
    high: edge(i + 1),
    of: answers.filter(({ confidence }) => binOf(confidence) === i),
  }))
    .filter(({ of }) => of.length > 0)
    .map(({ low, high, of }): ConfidenceBin => ({
      low,
      high,
      answers: of.length,
      confidence: mean(of.map(({ confidence }) => confidence)),
      accuracy: accuracyOf(of),
    }));
  const off = bins.reduce((sum, bin) => sum + bin.answers * Math.abs(bin.accuracy.value - bin.confidence), 0);
  return { error: off / answers.length, bins };
}

const binOf = (confidence: number): number =>
  Math.max(0, Math.min(BINS - 1, Math.floor((confidence - 0.5) * 2 * BINS)));

/** The share that is right, with the interval of as many groups. */
export function accuracyOf(answers: readonly Pick<Confident, 'right' | 'group'>[]): Estimate {
  const groups = new Set(answers.map(({ group }) => group)).size;
  return groups === 0 ? wilson(0, 0) : wilson(mean(answers.map(({ right }) => right)) * groups, groups);
}
