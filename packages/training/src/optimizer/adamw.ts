import { copyTo, globalNorm, Tensor, type ParameterSet } from '@selfjudge/engine';
import { adamw, tidy } from '@selfjudge/engine/internal';
import { ArgumentError } from '@selfjudge/base';
import { check, float32s, number, object, whole } from '@selfjudge/base/checks';
import { isParameterSets, optimizerOptions } from '../checks.js';
import type { OptimizerOptions } from '../options/loop.js';
import { deviceOf, zeroGrads, type ParameterSets } from './parameterSets.js';

export interface UpdateReport {
  /** Global L2 norm of the gradient before clipping, over all sets. */
  gradNorm: number;
  /** True when the norm was not finite: the gradient was dropped and nothing changed. */
  skipped: boolean;
}

/** The moments of one set of parameters, in the order of its entries. */
export interface Moments {
  m: Float32Array;
  v: Float32Array;
}

/** The moments on the host, for a checkpoint. */
export interface AdamWState {
  /** By the name of the set. */
  moments: Record<string, Moments>;
  /** Updates made so far. */
  step: number;
}

/** One set with its moments on the device. */
interface Part {
  set: ParameterSet;
  m: Tensor;
  v: Tensor;
  ranges: { offset: number; size: number; decayed: boolean }[];
}

/** AdamW (arXiv 1711.05101) over named sets of parameters, with clipping by the one norm of all their gradients. */
export class AdamW {
  private readonly parts: ReadonlyMap<string, Part>;
  private updates = 0;

  constructor(
    private readonly parameters: ParameterSets,
    private readonly options: OptimizerOptions,
  ) {
    check('AdamW', { parameters, options }, { parameters: isParameterSets, options: optimizerOptions });
    this.parts = new Map(
      Object.entries(parameters).map(([name, set]) => [name, partOf(set, options.weightDecay)]),
    );
  }

  /** Applies the accumulated gradient and clears it. Waits once, for the norm of it all. */
  async step(learningRate: number): Promise<UpdateReport> {
    check('AdamW.step', { learningRate }, { learningRate: number({ min: 0 }) });
    const norm = tidy(() => normOf(this.parameters));
    const [gradNorm] = await norm.read().finally(() => norm.dispose());
    const skipped = !Number.isFinite(gradNorm);
    if (!skipped) {
      this.updates++;
      const { maxGradNorm } = this.options;
      const gradScale = maxGradNorm > 0 && gradNorm > maxGradNorm ? maxGradNorm / gradNorm : 1;
      for (const part of this.parts.values()) {
        tidy(() => this.update(part, learningRate, gradScale));
        part.set.afterUpdate();
      }
    }
    zeroGrads(this.parameters);
    return { gradNorm, skipped };
  }

  /** Updates made so far; steps whose gradient was not finite are none. */
  get updatesMade(): number {
    return this.updates;
  }

  async state(): Promise<AdamWState> {
    const read = async ([name, { m, v }]: [string, Part]) => {
      const [first, second] = await Promise.all([m.read(), v.read()]);
      return [name, { m: first as Float32Array, v: second as Float32Array }] as const;
    };
    const moments = Object.fromEntries(await Promise.all([...this.parts].map(read)));
    return { moments, step: this.updates };
  }

  /** @throws ArgumentError unless the state has moments of every set and of no other, each of its size */
  load(state: AdamWState): void {
    const ofSets = Object.fromEntries(
      [...this.parts.keys()].map((name) => [name, object({ m: float32s, v: float32s })]),
    );
    check('AdamW.load', { state }, { state: object({ moments: object(ofSets), step: whole(0) }) });
    const wrong = (name: string, expected: string, received: unknown) =>
      new ArgumentError(name, { where: 'AdamW.load', expected, received });
    const surplus = Object.keys(state.moments).find((name) => !this.parts.has(name));
    if (surplus !== undefined)
      throw wrong('moments', `those of ${[...this.parts.keys()].join(', ')}`, `${surplus} too`);
    const all = [...this.parts].flatMap(([name, { set, m, v }]) => [
      { what: `${name}.m`, size: set.size, values: state.moments[name].m, tensor: m },
      { what: `${name}.v`, size: set.size, values: state.moments[name].v, tensor: v },
    ]);
    for (const { what, size, values } of all)
      if (values.length !== size) throw wrong(what, `${size} values`, values.length);
    for (const { values, tensor } of all)
      tidy(() => copyTo(Tensor.from(tensor.device, values, [values.length]), tensor));
    this.updates = state.step;
  }

  dispose(): void {
    for (const { m, v } of this.parts.values()) {
      m.dispose();
      v.dispose();
    }
  }

  private update({ set, m, v, ranges }: Part, lr: number, gradScale: number): void {
    const { adamBeta1: beta1, adamBeta2: beta2, adamEpsilon: eps, weightDecay } = this.options;
    for (const { offset, size, decayed } of ranges) {
      const part = (x: Tensor) => x.view(offset, [size]);
      adamw(
        { grad: part(set.grad), param: part(set.value), m: part(m), v: part(v) },
        { lr, beta1, beta2, eps, weightDecay: decayed ? weightDecay : 0, step: this.updates, gradScale },
      );
    }
  }
}

/** float32 [1], over all gradients: of one set its norm, of several the norm of their norms, which is the same. */
function normOf(sets: ParameterSets): Tensor {
  const norms = Object.values(sets).map(({ grad }) => globalNorm(grad));
  if (norms.length === 1) return norms[0];
  const all = Tensor.empty(deviceOf(sets), [norms.length]);
  norms.forEach((norm, i) => copyTo(norm, all.view(i, [1])));
  return globalNorm(all);
}

function partOf(set: ParameterSet, weightDecay: number): Part {
  const zeros = () => Tensor.zeros(set.value.device, [set.size]);
  return { set, m: zeros(), v: zeros(), ranges: decayRanges(set, weightDecay) };
}

/** Runs of parameters that share a weight decay: all of them when there is none, else matrices apart from vectors. */
function decayRanges({ entries, size }: ParameterSet, weightDecay: number) {
  if (weightDecay === 0) return [{ offset: 0, size, decayed: false }];
  const ranges: { offset: number; size: number; decayed: boolean }[] = [];
  for (const { offset, shape } of entries) {
    const decayed = shape.length > 1;
    const count = shape.reduce((a, b) => a * b, 1);
    const last = ranges.at(-1);
    if (last !== undefined && last.decayed === decayed && last.offset + last.size === offset)
      last.size += count;
    else ranges.push({ offset, size: count, decayed });
  }
  return ranges;
}
