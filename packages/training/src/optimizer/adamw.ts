import { copyTo, globalNorm, Tensor, type ParameterSet } from '@selfjudge/engine';
import { adamw, ONE_RANK, tidy, type Ranks } from '@selfjudge/engine/internal';
import { ArgumentError } from '@selfjudge/base';
import { check, float32s, number, object, whole } from '@selfjudge/base/checks';
import { isParameterSets, optimizerOptions } from '../checks.js';
import type { OptimizerOptions } from '../options/loop.js';
import { collectShards, gatherShards, shardOf, type Shard } from './shards.js';
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

interface Range {
  offset: number;
  size: number;
  decayed: boolean;
}

/** One set with the moments of this rank's shard of it on the device; none of an empty one. */
interface Part {
  set: ParameterSet;
  shard: Shard;
  moments?: { m: Tensor; v: Tensor };
  ranges: Range[];
}

/**
 * AdamW (arXiv 1711.05101) over named sets of parameters, with clipping by the one norm of all their gradients. Ranks that share its
 * moments (ZeRO-1, arXiv 1910.02054) each hold and update a contiguous shard of every set and then have all values of each other:
 * the update is made value by value, so the bits are those of one rank.
 */
export class AdamW {
  private readonly parts: ReadonlyMap<string, Part>;
  private updates = 0;

  constructor(
    private readonly parameters: ParameterSets,
    private readonly options: OptimizerOptions,
    private readonly ranks: Ranks = ONE_RANK,
  ) {
    check('AdamW', { parameters, options }, { parameters: isParameterSets, options: optimizerOptions });
    this.parts = new Map(
      Object.entries(parameters).map(([name, set]) => [name, partOf(set, options.weightDecay, ranks)]),
    );
  }

  /** Applies the accumulated gradient, which all ranks have in whole, and clears it. Waits for the norm of it all, and for ranks. */
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
        await gatherShards(part.set.value, this.ranks);
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

  /** Of ranks that share the moments all call it; rank 0 gets all of them, the others their own. */
  async state(): Promise<AdamWState> {
    const moments: Record<string, Moments> = {};
    for (const [name, { set, moments: own }] of this.parts) {
      const whole = async (tensor?: Tensor) =>
        collectShards(((await tensor?.read()) as Float32Array) ?? new Float32Array(0), set.size, this.ranks);
      moments[name] = { m: await whole(own?.m), v: await whole(own?.v) };
    }
    return { moments, step: this.updates };
  }

  /**
   * @param state moments of all sets in whole, whoever shares them
   * @throws ArgumentError unless the state has moments of every set and of no other, each of its size
   */
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
    const all = [...this.parts].flatMap(([name, { set, shard, moments }]) =>
      (['m', 'v'] as const).map((kind) => ({
        what: `${name}.${kind}`,
        size: set.size,
        shard,
        values: state.moments[name][kind],
        tensor: moments?.[kind],
      })),
    );
    for (const { what, size, values } of all)
      if (values.length !== size) throw wrong(what, `${size} values`, values.length);
    for (const { values, shard, tensor } of all) {
      if (tensor === undefined) continue;
      const own = values.subarray(shard.from, shard.from + shard.size);
      tidy(() => copyTo(Tensor.from(tensor.device, own, [shard.size]), tensor));
    }
    this.updates = state.step;
  }

  dispose(): void {
    for (const { moments } of this.parts.values()) {
      moments?.m.dispose();
      moments?.v.dispose();
    }
  }

  private update({ set, shard, moments, ranges }: Part, lr: number, gradScale: number): void {
    if (moments === undefined) return;
    const { adamBeta1: beta1, adamBeta2: beta2, adamEpsilon: eps, weightDecay } = this.options;
    for (const { offset, size, decayed } of ranges) {
      const part = (x: Tensor) => x.view(offset, [size]);
      const own = (x: Tensor) => x.view(offset - shard.from, [size]);
      adamw(
        { grad: part(set.grad), param: part(set.value), m: own(moments.m), v: own(moments.v) },
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

function partOf(set: ParameterSet, weightDecay: number, ranks: Ranks): Part {
  const shard = shardOf(set.size, ranks);
  const zeros = () => Tensor.zeros(set.value.device, [shard.size]);
  return {
    set,
    shard,
    ...(shard.size > 0 && { moments: { m: zeros(), v: zeros() } }),
    ranges: decayRanges(set, weightDecay).flatMap((range) => within(range, shard)),
  };
}

/** The part of a range that lies in a shard, if any does. */
function within({ offset, size, decayed }: Range, shard: Shard): Range[] {
  const from = Math.max(offset, shard.from);
  const to = Math.min(offset + size, shard.from + shard.size);
  return from < to ? [{ offset: from, size: to - from, decayed }] : [];
}

/** Runs of parameters that share a weight decay: all of them when there is none, else matrices apart from vectors. */
function decayRanges({ entries, size }: ParameterSet, weightDecay: number): Range[] {
  if (weightDecay === 0) return [{ offset: 0, size, decayed: false }];
  const ranges: Range[] = [];
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
