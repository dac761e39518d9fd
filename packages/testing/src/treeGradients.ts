import { cpuInfo } from '@selfjudge/native';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Device } from '@selfjudge/engine';
import { TreeBatch } from '@selfjudge/engine';
import type { TreeSequence } from '@selfjudge/text';
import { branchingSequences } from './branchingSequences.js';
import type { StorageType } from './case.js';
import { GradientSubject, type Gradients, type SubjectOptions } from './gradientSubject.js';
import { openPath } from './openPath.js';
import { Random } from './random.js';
import { tinyConfig } from './tinyModel.js';

const subjects: Record<string, SubjectOptions> = {
  'one adapter on a frozen one and frozen weights': { config: {}, trained: 'adapter' },
  'every weight, tied, and both adapters': { config: {}, trained: 'everything' },
  'every weight, untied, biases, and both adapters': {
    config: { tieWordEmbeddings: false, qkvBias: true, oBias: true, mlpBias: true },
    trained: 'everything',
  },
};

/**
 * Bounds on the distance from float64 of all gradients together and of each parameter's, relative to their length, and
 * of a log-probability. bf16 rounds activations to 2^-9 of their size some twenty times between a parameter and the
 * loss, and as often on the way back; where sequences of opposite weights nearly cancel in a parameter, what is left is
 * off by more.
 */
const bounds: Record<StorageType, { all: number; each: number; logp: number }> = {
  float32: { all: 1e-5, each: 1e-5, logp: 1e-5 },
  bf16: { all: 10 * 2 ** -8, each: 2 ** -2, logp: 2 ** -4 },
};

async function compare(subject: GradientSubject, dtype: StorageType, random: Random): Promise<void> {
  const sequences = branchingSequences(random, tinyConfig.vocabSize);
  const weights = Float32Array.from(sequences, () => random.normal());
  const batch = TreeBatch.from(sequences);
  const { logp, gradients } = await subject.packed(
    batch,
    Float32Array.from(batch.labels.sequence, (s) => weights[s]),
  );
  let label = 0;
  for (const [i, sequence] of sequences.entries()) {
    const alone = TreeBatch.from([sequence]);
    const expected = subject.reference(
      alone,
      Float64Array.from(alone.labels.row, () => weights[i]),
    );
    for (const x of expected) expect(Math.abs(logp[label++] - x)).toBeLessThan(bounds[dtype].logp);
  }
  expect(label).toBe(logp.length);
  const reference = subject.takeReference();
  const pairs = [...gradients].map(([name, gradient]) => ({ name, gradient, exact: reference.get(name)! }));
  const far = pairs.filter(({ gradient, exact }) => !(relativeError(gradient, exact) <= bounds[dtype].each));
  expect(far.map(({ name, gradient, exact }) => [name, relativeError(gradient, exact)])).toEqual([]);
  const all = relativeError(
    pairs.flatMap(({ gradient }) => [...gradient]),
    pairs.flatMap(({ exact }) => [...exact]),
  );
  expect(all).toBeLessThan(bounds[dtype].all);
}

function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [distance, length] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    distance += (a[i] - b[i]) ** 2;
    length += b[i] ** 2;
  }
  return Math.sqrt(distance / length);
}

function bitsOf(gradients: Gradients): Uint32Array {
  return new Uint32Array(Float32Array.from([...gradients.values()].flatMap((g) => [...g])).buffer);
}

/**
 * Gradients of packed trees, dropout on, against float64 on the sequences one by one. The path is chosen once a process,
 * so each path has a test file of its own.
 *
 * @param trees random trees of each model and dtype; one in bf16 for two in float32
 */
export function describeTreeGradients(path: string, trees: number): void {
  describe.runIf(path === 'cuda' || cpuInfo().paths.includes(path))(`gradients of trees on ${path}`, () => {
    let device: Device;
    beforeAll(() => {
      device = openPath(path);
    });
    afterAll(() => device.close());

    for (const [name, options] of Object.entries(subjects)) {
      for (const dtype of ['float32', 'bf16'] as const) {
        it(`${name}, ${dtype}: those of the sequences alone in float64`, async () => {
          const subject = await GradientSubject.create(device, dtype, options);
          const random = new Random(name);
          const whole = device.path === 'simt' ? 1 : trees; // the shim is a thousand times slower
          const count = dtype === 'bf16' ? Math.ceil(whole / 2) : whole;
          for (let tree = 0; tree < count; tree++) await compare(subject, dtype, random);
          subject.dispose();
        });

        it(`${name}, ${dtype}: exactly zero for equal sequences of opposite weights`, async () => {
          const subject = await GradientSubject.create(device, dtype, options);
          const random = new Random('opposite');
          const sequences = branchingSequences(random, tinyConfig.vocabSize);
          const pairs: TreeSequence[] = [...sequences, ...sequences];
          const weights = sequences.map(() => random.normal());
          const batch = TreeBatch.from(pairs);
          const slopes = Float32Array.from(batch.labels.sequence, (s) =>
            s < sequences.length ? weights[s] : -weights[s - sequences.length],
          );
          const { gradients } = await subject.packed(batch, slopes);
          expect(bitsOf(gradients).every((bits) => bits === 0)).toBe(true);
          subject.dispose();
        });

        it(`${name}, ${dtype}: the same bits where backward computes blocks again`, async () => {
          const subject = await GradientSubject.create(device, dtype, options);
          const random = new Random('again');
          const batch = TreeBatch.from(branchingSequences(random, tinyConfig.vocabSize));
          const slopes = Float32Array.from(batch.labels.label, () => random.normal());
          const kept = await subject.packed(batch, slopes);
          subject.view.activationRecompute = true;
          const again = await subject.packed(batch, slopes);
          expect(again.logp).toEqual(kept.logp);
          expect(bitsOf(again.gradients)).toEqual(bitsOf(kept.gradients));
          expect(bitsOf(kept.gradients).some((bits) => bits !== 0)).toBe(true);
          subject.dispose();
        });
      }
    }

    it('leaves no memory behind', () => {
      expect(device.memory().live).toBe(0);
    });
  });
}
