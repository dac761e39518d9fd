// Attention over prefix trees alone, of the op benches: forward, and forward with backward, against
// scaled_dot_product_attention on the padded batch.
import { run as ops } from '../ops/bench.mjs';

// Which is faster for PyTorch differs between its versions and devices.
const peerWays = { 'grouped heads': { grouped: true }, 'repeated heads': { grouped: false } };

export const run = (options) => ops({ ...options, op: 'treeAttention', peerWays });
