import { cpuInfo, setWorkerLimit, workerCount } from '@selfjudge/native';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Device } from '@selfjudge/engine';
import { tidy } from '@selfjudge/engine';
import { Tape } from '@selfjudge/engine';
import { TreeBatch } from '@selfjudge/engine';
import type { TreeSequence } from '@selfjudge/text';
import type { StorageType } from './case.js';
import { MiniModel, randomSequences } from './miniModel.js';
import { openPath } from './openPath.js';
import { treePaths } from './oracle.js';
import { Random } from './random.js';

interface Pass {
  /** By label, in the batch's order. */
  logp: Float32Array;
  /** Hidden rows of every row. */
  hidden: Float32Array;
}

async function pass(model: MiniModel, batch: TreeBatch, dlogp: ArrayLike<number>): Promise<Pass> {
  const tape = new Tape();
  const { logp, hidden } = tape.run(() => tidy(() => model.forward(batch)));
  tape.backward(logp, Float32Array.from(dlogp));
  const result = { logp: (await logp.read()) as Float32Array, hidden: (await hidden.read()) as Float32Array };
  logp.dispose();
  hidden.dispose();
  return result;
}

/** All rows and labels of a batch bitwise against each sequence alone; gradients against their sum. */
async function compare(device: Device, dtype: StorageType, seed: number): Promise<void> {
  const random = new Random(seed);
  const sequences = randomSequences(random);
  const model = new MiniModel(device, dtype);
  const batch = TreeBatch.from(sequences);
  const weights = Float32Array.from(sequences, () => Math.fround(random.normal()));
  const shared = await pass(
    model,
    batch,
    Array.from(batch.labels.sequence, (s) => weights[s]),
  );
  const sharedGradients = await model.takeGradients();
  const width = shared.hidden.length / batch.rows;
  const pathOf = new Map(treePaths(batch.segments).map((path) => [keyOf(path, batch), path]));

  let label = 0;
  for (const [i, sequence] of sequences.entries()) {
    const alone = TreeBatch.from([sequence]);
    const single = await pass(
      model,
      alone,
      Float32Array.from(alone.labels.row, () => weights[i]),
    );
    expect(shared.logp.slice(label, label + single.logp.length)).toEqual(single.logp);
    label += single.logp.length;
    const path = pathOf.get(keyOf(treePaths(alone.segments)[alone.rows - 1], alone)) as number[];
    for (const [p, row] of path.entries()) {
      const own = single.hidden.subarray(p * width, (p + 1) * width);
      expect(shared.hidden.subarray(row * width, (row + 1) * width)).toEqual(own);
    }
  }
  if (dtype === 'float32') closeTo(sharedGradients, await model.takeGradients(), 1e-5);
  model.dispose();
}

function keyOf(path: number[], batch: TreeBatch): string {
  return path.map((row) => batch.tokens[row]).join();
}

/** Each parameter's gradient within `tolerance` of the other's, relative to its length. */
function closeTo(a: Float32Array[], b: Float32Array[], tolerance: number): void {
  for (const [n, gradient] of a.entries()) {
    const norm = Math.hypot(...gradient);
    const distance = Math.hypot(...gradient.map((value, i) => value - b[n][i]));
    expect(norm).toBeGreaterThan(0);
    expect(distance / norm).toBeLessThan(tolerance);
  }
}

/**
 * A tree and the same sequences unshared, on one kernel path of the CPU or on the CUDA module: the same bits forward, the
 * same gradients. The path is chosen once a process, so each path has a test file of its own.
 */
export function describeTreeSharing(path: string): void {
  describe.runIf(path === 'cuda' || cpuInfo().paths.includes(path))(`tree sharing on ${path}`, () => {
    let device: Device;
    beforeAll(() => {
      device = openPath(path);
    });
    afterAll(() => device.close());

    for (const dtype of ['float32', 'bf16'] as const) {
      it(`20 random trees equal their sequences alone, ${dtype}`, async () => {
        const trees = device.path === 'simt' ? 3 : 20; // the shim is a thousand times slower
        for (let seed = 0; seed < trees; seed++) await compare(device, dtype, seed);
      });

      it.runIf(path !== 'cuda')(`one thread and all of them give the same bits, ${dtype}`, async () => {
        const sequences: TreeSequence[] = randomSequences(new Random('threads'));
        const batch = TreeBatch.from(sequences);
        const model = new MiniModel(device, dtype);
        const results: { forward: Pass; gradients: Float32Array[] }[] = [];
        for (const threads of [1, workerCount()]) {
          setWorkerLimit(threads);
          const forward = await pass(
            model,
            batch,
            Float32Array.from(batch.labels.sequence, () => -0.5),
          );
          results.push({ forward, gradients: await model.takeGradients() });
        }
        setWorkerLimit(workerCount());
        expect(results[1]).toEqual(results[0]);
        model.dispose();
      });
    }

    it('leaves no memory behind', () => {
      expect(device.memory().live).toBe(0);
    });
  });
}
