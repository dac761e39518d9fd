import { ArgumentError } from '@selfjudge/base';
import { enqueue } from '../enqueue.js';
import { assertUntracked } from '../tracker.js';
import type { Tensor } from '../tensor.js';
import { packedOf, type Weight } from '../weight.js';

export interface LinearSampleOptions {
  /** 0 takes the most likely token. Default 1. */
  temperature?: number;
  /**
   * Keep the k most likely; 0 (default) is off. Of equally likely tokens at the border the lower ids are kept, so never
   * more than k; transformers' top_k keeps all that equal the k-th.
   */
  topK?: number;
  /** Keep the smallest set of likeliest tokens whose probability reaches topP, above 0; 1 (default) is off. */
  topP?: number;
  /** Keep tokens of at least minP times the highest probability; 0 (default) is off. */
  minP?: number;
  /**
   * Ids from 0 to this, exclusive, can be drawn, and the filters see no others: a tokenizer's ids, where the head has rows
   * past them. 0 (default) is all rows.
   */
  vocabSize?: number;
  /** 0 to 2^64 - 1; a number up to 2^53 - 1. Default 0. */
  seed?: bigint | number;
}

export interface LinearSampleResult {
  /**
   * int32 [R]; -1, and NaN for both log-probabilities, where the logits hold NaN or +inf, or nothing finite among those that
   * can be drawn.
   */
  tokens: Tensor;
  /** float32 [R], untempered, under the whole vocabulary: bitwise linearLogprob's. */
  logp: Tensor;
  /** float32 [R], under the distribution that was sampled from. */
  samplingLogp: Tensor;
}

/**
 * One token a row from softmax(h W^T / temperature) after top-k, top-p, min-p, in this order; ties go to the lower
 * id. Probabilities are whole multiples of 2^-32 of the highest: less likely tokens are never drawn. The draw depends on
 * (seed, sequence, position) alone. No gradient.
 * @param h float32 or bf16 [R, D], at most 128 rows.
 * @param keys int32 [R, 2]: (sequence, position) of the token drawn.
 */
export function linearSample(
  h: Tensor,
  head: Weight,
  keys: Tensor,
  options: LinearSampleOptions = {},
): LinearSampleResult {
  assertUntracked(h, 'linearSample');
  const { temperature = 1, topK = 0, topP = 1, minP = 0, vocabSize = 0, seed = 0 } = options;
  const [low, high] = seedWords(seed);
  const [tokens, logp, samplingLogp] = enqueue(
    'linear_sample',
    [h, packedOf(head, 'linear_sample', 'head'), keys],
    [temperature, topK, topP, minP, low, high, vocabSize],
  ) as [Tensor, Tensor, Tensor];
  return { tokens, logp, samplingLogp };
}

function seedWords(seed: bigint | number): [low: number, high: number] {
  const inRange =
    typeof seed === 'bigint' ? seed >= 0n && seed < 1n << 64n : Number.isSafeInteger(seed) && seed >= 0;
  if (!inRange) {
    throw new ArgumentError('seed', {
      where: 'linearSample',
      expected: 'a whole number from 0 to 2^53 - 1, or a bigint to 2^64 - 1',
      received: seed,
    });
  }
  const wide = BigInt(seed);
  return [Number(wide & 0xffff_ffffn), Number(wide >> 32n)];
}
