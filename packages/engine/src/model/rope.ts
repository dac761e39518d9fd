/**
 * Scaling variants of rotary embedding, as transformers names them: linear (Chen et al., arXiv 2306.15595), dynamic (NTK:
 * within the context there is none), yarn (Peng et al., arXiv 2309.00071), longrope (Ding et al., arXiv 2402.13753) and
 * that of Llama 3.1.
 */
export type RopeScaling =
  | { type: 'linear'; factor: number }
  | { type: 'dynamic'; factor: number }
  | {
      type: 'llama3';
      factor: number;
      lowFreqFactor: number;
      highFreqFactor: number;
      originalMaxPositions: number;
    }
  | {
      type: 'yarn';
      factor: number;
      originalMaxPositions: number;
      betaFast: number;
      betaSlow: number;
      /** Multiplies cos and sin. */
      attentionFactor: number;
      /** Round the bounds of the ramp outwards to whole dimensions. */
      truncate: boolean;
    }
  | {
      /**
       * transformers divides all angles of a batch by the long factors once its longest row passes the original context:
       * a row's values then depend on its companions. Here a context ends where the short factors do.
       */
      type: 'longrope';
      /** One a pair. */
      shortFactors: readonly number[];
      /** Kept for the file alone, as is `longMaxPositions`. */
      longFactors: readonly number[];
      /** The context of the long factors. */
      longMaxPositions: number;
      /** Multiplies cos and sin. */
      attentionFactor: number;
    };

export interface RopeShape {
  headDim: number;
  /** Dimensions that rotate. Default: headDim. */
  rotaryDim?: number;
  ropeTheta: number;
  ropeScaling?: RopeScaling;
}

/**
 * The angle a position adds for each of the rotaryDim / 2 pairs, in radians. Each step is rounded to float32, where
 * transformers' modeling_rope_utils.py rounds: models were trained with what comes of that, not with the exact values.
 */
export function inverseFrequencies({
  headDim,
  rotaryDim: dim = headDim,
  ropeTheta,
  ropeScaling: scaling,
}: RopeShape): Float32Array {
  const f32 = Math.fround;
  const theta = f32(ropeTheta);
  /** Positions a radian, of each pair. */
  const periods = Float32Array.from({ length: dim / 2 }, (_, i) => theta ** f32((2 * i) / dim));
  const plain = periods.map((period) => 1 / period);
  switch (scaling?.type) {
    case undefined:
    case 'dynamic':
      return plain;
    case 'longrope':
      return periods.map((period, i) => 1 / f32(f32(scaling.shortFactors[i]) * period));
    case 'linear':
      return plain.map((f) => f / f32(scaling.factor));
    case 'llama3':
      return plain.map((f) => llama3(f, scaling));
    case 'yarn': {
      const factor = f32(scaling.factor);
      const [first, last] = yarnRamp(scaling, dim, ropeTheta);
      const width = f32(last === first ? 0.001 : last - first);
      return plain.map((f, i) => {
        const ramp = Math.min(Math.max(f32(f32(i - f32(first)) / width), 0), 1);
        const keep = f32(1 - ramp);
        const stretched = 1 / f32(factor * periods[i]);
        return f32(f32(stretched) * f32(1 - keep)) + f32(f * keep);
      });
    }
  }
}

/** A frequency as Llama 3 scales it: by its turns within the original context, few are stretched, many stay. */
function llama3(f: number, scaling: Extract<RopeScaling, { type: 'llama3' }>): number {
  const f32 = Math.fround;
  const { lowFreqFactor: low, highFreqFactor: high, originalMaxPositions: original } = scaling;
  const factor = f32(scaling.factor);
  const wavelength = f32(f32(1 / f) * f32(2 * Math.PI));
  if (wavelength < f32(original / high)) return f;
  if (wavelength > f32(original / low)) return f / factor;
  const turns = f32(f32(1 / wavelength) * f32(original));
  const keep = f32(f32(turns - f32(low)) / f32(high - low));
  return f32(f32(f32(1 - keep) * f) / factor) + f32(keep * f);
}

/** The pairs between which yarn goes from frequencies that stay to stretched ones. */
function yarnRamp(
  { originalMaxPositions, betaFast, betaSlow, truncate }: Extract<RopeScaling, { type: 'yarn' }>,
  dim: number,
  theta: number,
): [first: number, last: number] {
  // The (fractional) pair that makes `turns` turns within the original context.
  const pair = (turns: number) =>
    (dim * Math.log(originalMaxPositions / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const [fast, slow] = [pair(betaFast), pair(betaSlow)];
  return [
    Math.max(truncate ? Math.floor(fast) : fast, 0),
    Math.min(truncate ? Math.ceil(slow) : slow, dim - 1),
  ];
}

/** Yarn's attention factor where a config gives none: 0.1 mscale ln(factor) + 1. */
export function yarnAttentionFactor(factor: number, mscale = 1): number {
  return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
}

/** Longrope's attention factor where a config gives none: sqrt(1 + ln(factor) / ln(original context)). */
export function longropeAttentionFactor(factor: number, originalMaxPositions: number): number {
  return factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalMaxPositions));
}

/**
 * Rows `from` to `to` of the rotary table: rotaryDim / 2 cosines, then as many sines, float32. Rounded where
 * transformers rounds: the inverse frequency, the angle, its cosine and sine are float32.
 */
export function ropeRows(shape: RopeShape, from: number, to: number): Float32Array {
  const half = (shape.rotaryDim ?? shape.headDim) / 2;
  const frequencies = inverseFrequencies(shape);
  const { ropeScaling: scaling } = shape;
  const factor = Math.fround(
    scaling?.type === 'yarn' || scaling?.type === 'longrope' ? scaling.attentionFactor : 1,
  );
  const rows = new Float32Array((to - from) * 2 * half);
  for (let position = from, at = 0; position < to; position++, at += 2 * half) {
    for (let i = 0; i < half; i++) {
      const angle = Math.fround(position * frequencies[i]);
      rows[at + i] = Math.fround(Math.cos(angle)) * factor;
      rows[at + half + i] = Math.fround(Math.sin(angle)) * factor;
    }
  }
  return rows;
}
