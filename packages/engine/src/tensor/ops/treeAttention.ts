import { enqueue } from '../enqueue.js';
import { isTraced, record } from '../recording.js';
import type { Tensor } from '../tensor.js';
import type { DeviceTree } from '../deviceTree.js';

/**
 * o = softmax(scale q k^T) v of each row over its own path from the root, itself included. Head h reads key head
 * h / (H / G). A row's bits depend on its path alone, not on what shares or accompanies it.
 * @param q float32 or bf16 [T, H, d], T the rows of the tree.
 * @param k [T, G, d]; H is a multiple of G.
 * @param v [T, G, d].
 * @param window keys that a row sees at most, the last of its path and its own among them: below 2^31; 0, the default: all.
 * @returns [T, H, d].
 */
export function treeAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  tree: DeviceTree,
  scale: number,
  window = 0,
): Tensor {
  const [o, lse] = enqueue('tree_attention', [q, k, v], [scale, window], tree) as [Tensor, Tensor];
  if (isTraced([q, k, v])) {
    record({
      op: 'treeAttention',
      inputs: [q, k, v],
      outputs: [o],
      save: () => ({ q, k, v, o, lse }),
      release: tree.hold(),
      backward: ([dO], saved) => {
        if (dO === undefined) return [];
        const inputs = [dO, saved.q, saved.k, saved.v, saved.o, saved.lse];
        return enqueue('tree_attention_backward', inputs, [scale, window], tree);
      },
    });
  }
  lse.dispose();
  return o;
}
