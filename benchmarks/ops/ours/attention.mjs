// Attention over prefix trees, against padded batches, and a step of decoding from the pool.
import * as engine from '../../../packages/engine/dist/index.js';

/** A tree of `prompts` prompts with `answers` answers each: the length of the prompt and of each answer, HH-like. */
function tree(prompts, answers, seed = 7) {
  let state = seed;
  const below = (n) => (state = (state * 48_271) % 2_147_483_647) % n;
  return Array.from({ length: prompts }, () => ({
    prompt: 32 + below(225),
    answers: Array.from({ length: answers }, () => 16 + below(113)),
  }));
}

export const treeAttention = {
  shapes({ model: { heads, kvHeads, dim }, trees }) {
    return trees.map(([prompts, answers]) => {
      const batch = tree(prompts, answers);
      // Of what a row really attends to, unshared.
      const pairs = batch.reduce(
        (sum, { prompt, answers: lengths }) =>
          sum + lengths.reduce((s, n) => s + ((prompt + n) * (prompt + n + 1)) / 2, 0),
        0,
      );
      const shape = { prompts, answers, heads, kvHeads, dim };
      return { shape, batch, flops: 4 * pairs * heads * dim, backwardFlops: 14 * pairs * heads * dim };
    });
  },
  backward: true,
  prepare(make, { batch, shape: { heads, kvHeads, dim }, dtype }) {
    let token = 0;
    const sequences = batch.flatMap(({ prompt, answers }) => {
      const shared = Array.from({ length: prompt }, () => token++);
      return answers.map((n) => ({ tokens: shared.concat(Array.from({ length: n }, () => token++)) }));
    });
    const packed = engine.TreeBatch.from(sequences);
    const tree = make.own(engine.DeviceTree.from(make.device, packed));
    const q = make.tensor([packed.rows, heads, dim], dtype);
    const [k, v] = [0, 1].map(() => make.tensor([packed.rows, kvHeads, dim], dtype));
    const scale = 1 / Math.sqrt(dim);
    return { forward: () => engine.treeAttention(q, k, v, tree, scale), watched: [q, k, v] };
  },
};

export const treeAttentionPool = {
  shapes: ({ model: { heads, kvHeads, dim }, gpu }) => [
    { shape: { sequences: gpu ? 128 : 16, keys: 512, heads, kvHeads, dim } },
  ],
  prepare(make, { shape: { sequences, keys, heads, kvHeads, dim }, dtype }) {
    const blocks = Math.ceil(keys / 64);
    const all = sequences * blocks;
    const q = make.tensor([sequences, heads, dim], dtype);
    const poolK = make.tensor([all, kvHeads * dim, 64], dtype);
    const poolV = make.tensor([all, kvHeads * 64, dim], dtype);
    const tables = make.ints(
      Int32Array.from({ length: all }).map((_, i) => i),
      [sequences, blocks],
    );
    const rowTable = make.ints(Int32Array.from({ length: sequences }).map((_, i) => i));
    const lengths = make.ints(new Int32Array(sequences).fill(keys));
    const scale = 1 / Math.sqrt(dim);
    const reads = { pairs: sequences * keys, keys: sequences * keys };
    return {
      forward: () => engine.treeAttentionPool(q, poolK, poolV, tables, rowTable, lengths, scale, reads),
    };
  },
};
