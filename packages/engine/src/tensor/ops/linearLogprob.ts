import { enqueue } from '../enqueue.js';
import { isTraced, record } from '../recording.js';
import type { Tensor } from '../tensor.js';
import { packedOf, type Weight } from '../weight.js';

/**
 * logp[l] = log softmax(h[rows[l]] W^T)[labels[l]], natural logarithm, without storing logits; labels are ragged.
 * @param h float32 or bf16 [R, D], the labelled rows.
 * @param head [V, D].
 * @param rows int32 [L], 0 to R - 1, the row of each label; any order, any number a row.
 * @param labels int32 [L], 0 to V - 1; values out of range are a fault.
 * @returns float32 [L]. Bits depend on the label's row alone.
 */
export function linearLogprob(h: Tensor, head: Weight, rows: Tensor, labels: Tensor): Tensor {
  const packed = packedOf(head, 'linear_logprob', 'head');
  return head.grad === undefined && isTraced([h])
    ? onePass(h, packed, rows, labels)
    : recomputed(h, head, packed, rows, labels);
}

/** Of a frozen head, the gradient's product with it is made on the way: the backward only scales. */
function onePass(h: Tensor, packed: Tensor, rows: Tensor, labels: Tensor): Tensor {
  const [logp, mean, rest] = enqueue('linear_logprob_expectation', [h, packed, rows, labels]) as Tensor[];
  record({
    op: 'linearLogprob',
    inputs: [h],
    outputs: [logp],
    save: () => ({ packed, rows, labels, logp, mean, rest }),
    backward: ([dlogp], { packed, rows, labels, logp, mean, rest }) =>
      dlogp === undefined
        ? []
        : enqueue('linear_logprob_expectation_backward', [dlogp, packed, rows, labels, logp, mean, rest]),
  });
  for (const tensor of [mean, rest]) tensor.dispose();
  return logp;
}

/** The backward computes the logits again, in waves of rows. */
function recomputed(h: Tensor, head: Weight, packed: Tensor, rows: Tensor, labels: Tensor): Tensor {
  const [logp, lse] = enqueue('linear_logprob', [h, packed, rows, labels]) as [Tensor, Tensor];
  record({
    op: 'linearLogprob',
    inputs: [h],
    parameters: [head],
    outputs: [logp],
    save: () => ({ h, packed, rows, labels, lse }),
    backward: ([dlogp], { h, packed, rows, labels, lse }, [needDh]) => {
      if (dlogp === undefined) return [];
      const inputs = [dlogp, h, packed, rows, labels, lse, head.grad];
      return enqueue('linear_logprob_backward', inputs, [needDh ? 'yes' : 'no']);
    },
  });
  lse.dispose();
  return logp;
}
