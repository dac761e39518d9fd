import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Device, type DeviceCounters } from '../tensor/device.js';
import { treeShape } from '../tensor/planner.js';
import { Tape } from '../tensor/tape.js';
import { TreeBatch } from '../tensor/treeBatch.js';
import type { TreeSequence } from '@selfjudge/text';
import { tinyConfig } from '@selfjudge/testing/tinyModel';
import { Adapter } from './adapter.js';
import { LINEARS, type LinearName, type ModelConfig } from './config.js';
import { backwardFlops, forwardFlops } from './flops.js';
import { Model } from './model.js';
import { RewardModel } from './rewardModel.js';
import { ScoreHead } from './scoreHead.js';
import type { ModelView } from './view.js';

const device = Device.open('cpu');

const token = fc.integer({ min: 0, max: 2 });
/** Few tokens, so that much is shared; labels anywhere, several a row, or none but one; hidden rows among them or not. */
const sequence: fc.Arbitrary<TreeSequence> = fc
  .record({
    tokens: fc.array(token, { minLength: 2, maxLength: 9 }),
    spans: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 2 }),
    asked: fc.array(fc.nat(), { maxLength: 2 }),
    wanted: fc.array(fc.nat(), { maxLength: 2 }),
  })
  .map(({ tokens, spans, asked, wanted }) => {
    const n = tokens.length;
    const targets = spans.map(([a, b]): [number, number] => {
      const start = 1 + (a % (n - 1));
      return [start, start + 1 + (b % (n - start))];
    });
    const candidates = asked.map((at) => ({ position: at % n, labels: [1, 2] }));
    const hidden = wanted.map((at) => at % n);
    return {
      tokens,
      targets: targets.length + candidates.length > 0 ? targets : [[1, n]],
      candidates,
      hidden,
    };
  });
const sequences = fc.array(sequence, { minLength: 1, maxLength: 5 });

const adapter = fc.record({
  r: fc.integer({ min: 1, max: 3 }),
  targetModules: fc.subarray([...LINEARS] as LinearName[], { minLength: 1 }),
});
/** Models of any family: norms here and there, some layers with a window, numbers that multiply. */
const model: fc.Arbitrary<Partial<ModelConfig>> = fc
  .record({
    windows: fc.array(fc.constantFrom(undefined, 1, 3, 100), { minLength: 1, maxLength: 3 }),
    kvHeads: fc.constantFrom(1, 2, 4),
    intermediateSize: fc.constantFrom(6, 20),
    tieWordEmbeddings: fc.boolean(),
    normPlacement: fc.constantFrom('pre' as const, 'post' as const, 'sandwich' as const),
    qkNorm: fc.constantFrom(undefined, 'head' as const, 'all' as const),
    residualScale: fc.constantFrom(undefined, 0.5),
    logitScale: fc.constantFrom(undefined, 0.25),
  })
  .map(({ windows, ...config }) => ({
    ...config,
    layers: windows.length,
    layerTypes: windows.map((window) => ({ rope: 'global', ...(window !== undefined && { window }) })),
  }));

/** What is trained: an adapter, one on top of a frozen one, or all weights; and whether blocks are computed again. */
const training = fc.record({
  adapters: fc.oneof(fc.tuple(adapter), fc.tuple(adapter, adapter), fc.constant([])),
  activationRecompute: fc.boolean(),
});

function build(
  config: Partial<ModelConfig>,
  {
    adapters,
    activationRecompute,
  }: { adapters: readonly { r: number; targetModules: LinearName[] }[]; activationRecompute: boolean },
) {
  const built = Model.init({ ...tinyConfig, ...config }, { device, dtype: 'float32', seed: 1 });
  if (adapters.length === 0) built.makeTrainable();
  const all = adapters.map((settings, i) => {
    const one = Adapter.init(built, { alpha: 1, dropout: 0, ...settings }, i);
    if (i === adapters.length - 1) one.makeTrainable();
    return one;
  });
  const dispose = () => [...all, built].forEach((one) => one.dispose());
  const view = built.view(all);
  view.activationRecompute = activationRecompute;
  return { view, dispose };
}

const since = (before: DeviceCounters, op?: string) => {
  const of = (counters: DeviceCounters) =>
    op === undefined ? counters : (counters.ops.find((one) => one.op === op) ?? { flops: 0, bytes: 0 });
  const [a, b] = [of(before), of(device.counters())];
  return { flops: b.flops - a.flops, bytes: b.bytes - a.bytes };
};

/** Rows and head rows, as the counters of the ops that every row, or every head row, goes through once tell. */
function rowsSince(before: DeviceCounters, { model: { config } }: ModelView) {
  return {
    rows: since(before, 'embedding').bytes / (2 * 4 * config.hiddenSize + 4),
    headRows:
      (since(before, 'linear_logprob').flops + since(before, 'linear_logprob_expectation').flops / 2) /
      (2 * config.vocabSize * config.hiddenSize),
  };
}

/** Every path counted by itself: what the planner must find without building the tree. */
function naiveShape(all: TreeSequence[]) {
  const rows = new Set<string>();
  const heads = new Set<string>();
  for (const { tokens, targets = [], candidates = [], hidden = [] } of all) {
    const path = (length: number) => Array.from(tokens).slice(0, length).join();
    const labelled = [
      ...targets.flatMap(([start, end]) => Array.from({ length: end - start }, (_, i) => start + i)),
      ...candidates.map(({ position }) => position + 1),
      ...hidden.map((position) => position + 1),
    ];
    for (const length of labelled) heads.add(path(length));
    for (let length = 1; length <= Math.max(...labelled); length++) rows.add(path(length));
  }
  const pairs = [...rows].reduce((sum, path) => sum + path.split(',').length, 0);
  const depths = [...rows].map((path) => path.split(',').length - 1);
  const rowsAt = Array.from(
    { length: Math.max(...depths) + 1 },
    (_, d) => depths.filter((x) => x === d).length,
  );
  return { rows: rows.size, headRows: heads.size, pairs, rowsAt };
}

describe('the device counts what the formula says, to the last operation', () => {
  it('forward and backward, for any model, adapters and tree', async () => {
    await fc.assert(
      fc.asyncProperty(model, training, sequences, async (config, trained, all) => {
        const { view, dispose } = build(config, trained);
        const shape = treeShape(all);
        expect(shape).toEqual(naiveShape(all));
        const batch = TreeBatch.from(all);
        const start = device.counters();
        const tape = new Tape();
        const logp = tape.run(() => view.logprobs(batch));
        expect(rowsSince(start, view)).toEqual({ rows: shape.rows, headRows: shape.headRows });
        expect(since(start).flops).toBe(forwardFlops(view.shape, shape, { training: true }));
        const middle = device.counters();
        tape.backward(logp, new Float32Array(logp.size).fill(1));
        expect(since(middle).flops).toBe(backwardFlops(view.shape, shape));
        await device.sync();
        logp.dispose();
        dispose();
      }),
      { numRuns: 120 },
    );
  });

  it('rewards and their gradients, of a head that is trained too', async () => {
    await fc.assert(
      fc.asyncProperty(model, training, sequences, async (config, trained, all) => {
        const { view, dispose } = build(config, trained);
        const ends = all.map(({ tokens }) => ({ tokens, hidden: [tokens.length - 1] }));
        const shape = treeShape(ends);
        expect(shape).toEqual(naiveShape(ends));
        const head = ScoreHead.init(view.model, 1);
        head.makeTrainable();
        const reward = new RewardModel(view, head);
        const start = device.counters();
        const tape = new Tape();
        const rewards = tape.run(() => reward.rewards(TreeBatch.from(ends)));
        const kind = { head: 'score' as const };
        expect(since(start).flops).toBe(forwardFlops(view.shape, shape, { training: true, ...kind }));
        const middle = device.counters();
        tape.backward(rewards, new Float32Array(rewards.size).fill(1));
        expect(since(middle).flops).toBe(backwardFlops(view.shape, shape, kind));
        await device.sync();
        rewards.dispose();
        head.dispose();
        dispose();
      }),
      { numRuns: 60 },
    );
  });
});
