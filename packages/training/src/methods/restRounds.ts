import { ArgumentError } from '@selfjudge/base';
import { DataOrder } from '../loop/dataOrder.js';
import type { Json } from '../runs/jsonFields.js';

/** An answer that may be imitated. */
export interface GrownAnswer {
  /** Index of its prompt. */
  prompt: number;
  tokens: number[];
  reward: number;
}

/** What a round draws, as far as its parts imitate it. */
export interface Grown {
  round: number;
  /** Of each part of the round, the least reward that it imitates: rising. */
  thresholds: number[];
  /** Those of at least the first threshold. */
  answers: GrownAnswer[];
}

export interface RoundOptions {
  growSteps: number;
  improveSteps: number;
  firstQuantile: number;
  trainBatchSize: number;
  seed: number;
}

/** Where a step of ReST stands: the steps of a run are shared out equally among the parts of its rounds. */
export interface Place {
  round: number;
  part: number;
  /** Within the part, from 1, and how many it has. */
  step: number;
  steps: number;
}

/** @param step from 1 @throws ArgumentError for a run with fewer steps than parts */
export function placeOf(step: number, totalSteps: number, { growSteps, improveSteps }: RoundOptions): Place {
  const parts = growSteps * improveSteps;
  if (totalSteps < parts)
    throw new ArgumentError('maxSteps', {
      where: 'rest',
      expected: `at least ${parts} steps, one for each part of each round (growSteps x improveSteps)`,
      received: totalSteps,
    });
  const part = Math.floor(((step - 1) * parts) / totalSteps);
  const before = (of: number) => Math.ceil((of * totalSteps) / parts);
  return {
    round: Math.floor(part / improveSteps),
    part: part % improveSteps,
    step: step - before(part),
    steps: before(part + 1) - before(part),
  };
}

/**
 * What a round imitates of its answers: part i of I those whose reward is at least the quantile q + (1 - q) i / I of all, q
 * the first quantile.
 * @param answers at least one, rewards finite
 */
export function grownOf(
  round: number,
  answers: readonly GrownAnswer[],
  { improveSteps, firstQuantile }: Pick<RoundOptions, 'improveSteps' | 'firstQuantile'>,
): Grown {
  const sorted = answers.map(({ reward }) => reward).sort((a, b) => a - b);
  const thresholds = Array.from({ length: improveSteps }, (_, i) => {
    const quantile = firstQuantile + ((1 - firstQuantile) * i) / improveSteps;
    return sorted[Math.floor(quantile * sorted.length)];
  });
  return { round, thresholds, answers: answers.filter(({ reward }) => reward >= thresholds[0]) };
}

/** The answers that a step imitates. */
export function batchOf(
  { answers, thresholds }: Grown,
  { part, round, step, steps }: Place,
  { trainBatchSize: batchSize, seed, improveSteps }: RoundOptions,
): GrownAnswer[] {
  const kept = answers.filter(({ reward }) => reward >= thresholds[part]);
  const order = new DataOrder({
    length: kept.length,
    batchSize,
    epochs: 1,
    maxSteps: steps,
    seed: seed + 1 + round * improveSteps + part,
  });
  return order.batch(step).map((i) => kept[i]);
}

/** As a checkpoint keeps it: an answer is [prompt, reward, ...tokens]. */
export const writeGrown = (grown: Grown | undefined): Json =>
  grown === undefined
    ? null
    : {
        round: grown.round,
        thresholds: grown.thresholds,
        answers: grown.answers.map(({ prompt, reward, tokens }) => [prompt, reward, ...tokens]),
      };

/** @throws ArgumentError for what `writeGrown` did not write */
export function readGrown(values: Json): Grown | undefined {
  if (values === null) return undefined;
  const { round, thresholds, answers } = Object.fromEntries(Object.entries(values));
  if (
    typeof round !== 'number' ||
    !isNumbers(thresholds) ||
    !Array.isArray(answers) ||
    !answers.every(isNumbers)
  )
    throw new ArgumentError('state.values', {
      where: 'rest',
      expected: 'a round with its thresholds and answers, as rest keeps them',
      received: values,
    });
  return {
    round,
    thresholds,
    answers: answers.map(([prompt, reward, ...tokens]) => ({ prompt, reward, tokens })),
  };
}

const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'number');
