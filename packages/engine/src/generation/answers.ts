import { ArgumentError } from '@selfjudge/base';
import { BLOCK, blocksFor } from './kvPool.js';

/** A distinct prompt. All its tokens but the last are prefilled once; every answer begins by feeding the last one. */
export interface Prompt {
  tokens: Int32Array;
  /** Answers that have not begun. */
  waiting: number;
  /** The blocks of the prefilled keys while answers may still need them. */
  blocks?: number[];
}

/** One answer to be sampled. */
export interface Answer {
  prompt: Prompt;
  /** Index of the prompt as given, and of the answer to it. */
  promptIndex: number;
  index: number;
  /** Keys the randomness. */
  sequence: number;
  /** The blocks of its whole path, once it has begun; the prompt's full ones come first. */
  table: number[];
  /** Tokens asked of the device; of these `tokens` are read. */
  drawn: number;
  tokens: number[];
  logprobs: number[];
  /** Where they are asked for. */
  samplingLogprobs?: number[];
  finish?: 'eos' | 'length' | 'error';
}

/** Keys of the prompt that are prefilled. */
export function prefilled(prompt: Prompt): number {
  return prompt.tokens.length - 1;
}

/** Full blocks of a prompt, which its answers share. */
export function sharedBlocks(prompt: Prompt): number {
  return Math.floor(prefilled(prompt) / BLOCK);
}

/** Blocks an answer may need of its own: the last token sampled is never fed. */
export function ownBlocks(prompt: Prompt, maxNewTokens: number): number {
  return blocksFor(prefilled(prompt) + maxNewTokens) - sharedBlocks(prompt);
}

/**
 * All answers in the order they begin in. Equal prompts become one whose answers follow each other: so only one prompt
 * at a time has answers both begun and waiting.
 */
export function answersOf(
  prompts: readonly ArrayLike<number>[],
  count: number,
  firstSequences: readonly number[],
): Answer[] {
  const distinct = new Map<string, { tokens: Int32Array; indices: number[] }>();
  prompts.forEach((given, promptIndex) => {
    const tokens = Int32Array.from(given);
    const key = tokens.join();
    const known = distinct.get(key);
    if (known === undefined) distinct.set(key, { tokens, indices: [promptIndex] });
    else known.indices.push(promptIndex);
  });
  return [...distinct.values()].flatMap(({ tokens, indices }) => {
    const prompt: Prompt = { tokens, waiting: indices.length * count };
    return indices.flatMap((promptIndex) =>
      Array.from({ length: count }, (_, index): Answer => ({
        prompt,
        promptIndex,
        index,
        sequence: firstSequences[promptIndex] + index,
        table: [],
        drawn: 0,
        tokens: [],
        logprobs: [],
      })),
    );
  });
}

/**
 * Blocks of a pool in which `maxBatch` answers can always be in work: the largest needs of answers and of the prompts
 * behind them. `poolTokens` sets the size instead; it must hold any one answer with its prompt.
 */
export function poolBlocks(
  answers: readonly Answer[],
  { maxBatch, maxNewTokens, poolTokens }: { maxBatch: number; maxNewTokens: number; poolTokens?: number },
): number {
  if (poolTokens === undefined) {
    const prompts = [...new Set(answers.map(({ prompt }) => prompt))];
    const own = answers.map(({ prompt }) => ownBlocks(prompt, maxNewTokens));
    return (
      largest(own, maxBatch) +
      largest(
        prompts.map((p) => blocksFor(prefilled(p))),
        maxBatch,
      )
    );
  }
  const blocks = Math.floor(poolTokens / BLOCK);
  for (const { prompt, promptIndex } of answers) {
    const need = blocksFor(prefilled(prompt)) + ownBlocks(prompt, maxNewTokens);
    if (need > blocks) {
      throw new ArgumentError('poolTokens', {
        where: 'generate',
        expected: `at least ${need * BLOCK}, what prompts[${promptIndex}] and one answer may need`,
        received: poolTokens,
      });
    }
  }
  return blocks;
}

/** Sum of the `count` largest. */
function largest(values: number[], count: number): number {
  return values
    .sort((a, b) => b - a)
    .slice(0, count)
    .reduce((sum, n) => sum + n, 0);
}
