import { copyTo, globalNorm, Tensor, type ParameterSet } from '@selfjudge/engine';
import { adamw, tidy } from '@selfjudge/engine/internal';
import { ArgumentError } from '@selfjudge/base';
import { check, float32s, number, object, whole } from '@selfjudge/base/checks';
import { isParameterSet, optimizerOptions } from '../checks.js';
import type { OptimizerOptions } from '../options/loop.js';

export interface UpdateReport {
  /** Global L2 norm of the gradient before clipping. */
  gradNorm: number;
  /** True when the norm was not finite: the gradient was dropped and nothing changed. */
  skipped: boolean;
}

/** The moments on the host, for a checkpoint. */
export interface AdamWState {
  m: Float32Array;
  v: Float32Array;
  /** Updates made so far. */
  step: number;
}

/** AdamW (arXiv 1711.05101) over one flat set of parameters, with clipping by the global norm. */
export class AdamW {
  private readonly m: Tensor;
  private readonly v: Tensor;
  private updates = 0;
  private readonly ranges: { offset: number; size: number; decayed: boolean }[];

  constructor(
    private readonly parameters: ParameterSet,
    private readonly options: OptimizerOptions,
  ) {
    check('AdamW', { parameters, options }, { parameters: isParameterSet, options: optimizerOptions });
    this.m = Tensor.zeros(parameters.value.device, [parameters.size]);
    this.v = Tensor.zeros(parameters.value.device, [parameters.size]);
    this.ranges = decayRanges(parameters, options.weightDecay);
  }

  /** Applies the accumulated gradient and clears it. Waits for its norm. */
  async step(learningRate: number): Promise<UpdateReport> {
    check('AdamW.step', { learningRate }, { learningRate: number({ min: 0 }) });
    const { parameters, options } = this;
    const norm = globalNorm(parameters.grad);
    const [gradNorm] = await norm.read().finally(() => norm.dispose());
    const skipped = !Number.isFinite(gradNorm);
    if (!skipped) {
      this.updates++;
      const { maxGradNorm } = options;
      const gradScale = maxGradNorm > 0 && gradNorm > maxGradNorm ? maxGradNorm / gradNorm : 1;
      tidy(() => this.update(learningRate, gradScale));
      parameters.afterUpdate();
    }
    parameters.zeroGrad();
    return { gradNorm, skipped };
  }

  /** Updates made so far; steps whose gradient was not finite are none. */
  get updatesMade(): number {
    return this.updates;
  }

  async state(): Promise<AdamWState> {
    const [m, v] = await Promise.all([this.m.read(), this.v.read()]);
    return { m: m as Float32Array, v: v as Float32Array, step: this.updates };
  }

  load(state: AdamWState): void {
    check('AdamW.load', { state }, { state: object({ m: float32s, v: float32s, step: whole(0) }) });
    const { device } = this.m;
    for (const name of ['m', 'v'] as const) {
      if (state[name].length !== this.parameters.size)
        throw new ArgumentError(name, {
          where: 'AdamW.load',
          expected: `${this.parameters.size} values`,
          received: state[name].length,
        });
      tidy(() => copyTo(Tensor.from(device, state[name], [state[name].length]), this[name]));
    }
    this.updates = state.step;
  }

  dispose(): void {
    this.m.dispose();
    this.v.dispose();
  }

  private update(lr: number, gradScale: number): void {
    const { value, grad } = this.parameters;
    const { adamBeta1: beta1, adamBeta2: beta2, adamEpsilon: eps, weightDecay } = this.options;
    for (const { offset, size, decayed } of this.ranges) {
      const part = (x: Tensor) => x.view(offset, [size]);
      adamw(
        { grad: part(grad), param: part(value), m: part(this.m), v: part(this.v) },
        { lr, beta1, beta2, eps, weightDecay: decayed ? weightDecay : 0, step: this.updates, gradScale },
      );
    }
  }
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
