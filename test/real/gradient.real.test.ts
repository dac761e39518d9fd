// One step's loss and LoRA gradients against PyTorch, PEFT and TRL (benchmarks/peers/gradient.py), float32.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Adapter, plan, type Model, type ParameterSet } from '@selfjudge/engine';
import {
  dpoDefaults,
  judgeExample,
  preferenceBackward,
  sftExample,
  supervisedBackward,
  type JsftLossOptions,
  type PreferenceOptions,
  type SupervisedExample,
} from '@selfjudge/training';
import { figure, fixture, loadReal, weights } from './real.js';

interface PeerGradient {
  name: string;
  norm: number;
  /** With pattern(size, 7). */
  projection: number;
}

interface Peer {
  loss: number;
  grads: PeerGradient[];
}

interface Gradient {
  prompts: number[][];
  chosen: number[][];
  rejected: number[][];
  beta: number;
  preference: Record<'sigmoid' | 'hinge', Peer>;
  jsft: Peer & { rows: { ids: number[]; start: number }[] };
}

/** pattern() of gradient.py: the same numbers in any language. */
function pattern(count: number, salt: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => ((i * 7919 + salt * 104729) % 2003) / 2003 - 0.5);
}

describe.skipIf(weights === '')('gradients against PyTorch, PEFT and TRL', () => {
  const peer = fixture<Gradient>('gradient.json');
  let model: Model;
  let adapter: Adapter;
  let parameters: ParameterSet;

  beforeAll(async () => {
    model = await loadReal();
    const config = { r: 8, alpha: 16, dropout: 0, targetModules: ['q_proj', 'v_proj'] };
    adapter = Adapter.init(model, config, 0);
    parameters = adapter.makeTrainable();
    const values = new Float32Array(parameters.size);
    parameters.entries.forEach(({ name, offset, shape }, salt) => {
      const scale = name.includes('lora_A') ? 0.05 : 0.02;
      values.set(
        pattern(shape[0] * shape[1], salt).map((x) => x * scale),
        offset,
      );
    });
    parameters.load(values);
  });
  afterAll(() => {
    adapter.dispose();
    model.dispose();
  });

  /** Norm and projection of each matrix's gradient, which is cleared. */
  async function takeGradients(): Promise<PeerGradient[]> {
    const gradient = (await parameters.grad.read()) as Float32Array;
    parameters.zeroGrad();
    return parameters.entries.map(({ name, offset, shape }) => {
      const part = gradient.subarray(offset, offset + shape[0] * shape[1]);
      const along = pattern(part.length, 7);
      return {
        name: name.replace('base_model.model.', '').replace('.weight', ''),
        norm: Math.sqrt(part.reduce((sum, x) => sum + x * x, 0)),
        projection: part.reduce((sum, x, i) => sum + x * along[i], 0),
      };
    });
  }

  /** The largest difference of a norm or a projection, relative to the norm. */
  function worst(ours: PeerGradient[], theirs: PeerGradient[]): number {
    expect(ours.map(({ name }) => name)).toEqual(theirs.map(({ name }) => name));
    const differences = ours.map(({ norm, projection }, i) =>
      Math.max(Math.abs(norm - theirs[i].norm), Math.abs(projection - theirs[i].projection)),
    );
    return differences.reduce((most, x, i) => Math.max(most, x / theirs[i].norm), 0);
  }

  const relative = (a: number, b: number) => Math.abs(a - b) / Math.abs(b);

  it.each(['sigmoid', 'hinge'] as const)('preference loss on 8 sampled pairs: %s', async (lossType) => {
    const pairs = peer.prompts.map((prompt, i) => ({
      id: `${i}`,
      prompt,
      chosen: { tokens: peer.chosen[i] },
      rejected: { tokens: peer.rejected[i] },
    }));
    const options: PreferenceOptions = { ...dpoDefaults, lossType, beta: peer.beta };
    const views = { policy: model.view([adapter]), reference: model.view() };
    const { loss } = await preferenceBackward(pairs, views, options, 4096);
    const gradients = worst(await takeGradients(), peer.preference[lossType].grads);
    const losses = relative(loss, peer.preference[lossType].loss);
    figure(`${lossType} loss, relative difference`, losses);
    figure(`${lossType} gradients, largest relative difference`, gradients);
    expect(losses).toBeLessThan(1e-4);
    expect(gradients).toBeLessThan(1e-4);
  });

  describe('JSFT, loss_normalization token, on mixed rows', () => {
    const options: JsftLossOptions = { lossNormalization: 'token', judgeWeight: 1, rationaleWeight: 1 };
    const examples: SupervisedExample[] = peer.jsft.rows.map(({ ids, start }, i) => {
      const sequence = { tokens: ids, targets: [[start, ids.length]] as [number, number][] };
      if (i < 4) return sftExample(sequence, `${i}`);
      return judgeExample({ sequences: [sequence], kinds: [['verdict']] }, `${i}`);
    });
    const trees = (budget: number) => [...plan(examples, budget)].length;
    const budgets = Array.from({ length: 2000 }, (_, i) => i + 1);

    it.each([1, 3, 8])('in %i micro-batches', async (count) => {
      const budget = budgets.find((rows) => trees(rows) === count)!;
      expect(budget).toBeDefined();
      const { loss, tokens } = await supervisedBackward(model.view([adapter]), examples, options, budget);
      const gradients = worst(await takeGradients(), peer.jsft.grads);
      const losses = relative(loss, peer.jsft.loss);
      expect(tokens).toBe(peer.jsft.rows.reduce((sum, { ids, start }) => sum + ids.length - start, 0));
      figure(`JSFT loss in ${count}, relative difference`, losses);
      figure(`JSFT gradients in ${count}, largest relative difference`, gradients);
      expect(losses).toBeLessThan(1e-4);
      expect(gradients).toBeLessThan(1e-4);
    });
  });
});
