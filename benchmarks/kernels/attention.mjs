// Attention over prefix trees alone, of the op benches: forward, and forward with backward, against
// scaled_dot_product_attention on the padded batch.
import { run as ops } from '../ops/bench.mjs';

export const run = (options) => ops({ ...options, op: 'treeAttention' });
