import { enqueueOne } from '../enqueue.js';
import type { Tensor } from '../tensor.js';

/**
 * The token each row of a step of decoding is fed: one that was given, or one that an earlier step drew and nobody
 * needs to have read. Of a drawn -1 (logits that were not finite) 0 is fed.
 * @param sampled int32 [S]: what was drawn.
 * @param given int32 [R].
 * @param from int32 [R]: -1 for the given token, else an index in `sampled`.
 * @returns int32 [R].
 */
export function feedTokens(sampled: Tensor, given: Tensor, from: Tensor): Tensor {
  return enqueueOne('feed_tokens', [sampled, given, from]);
}
