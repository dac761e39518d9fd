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

/** The angle a position adds for each of the rotaryDim / 2 pairs, in radians, float64. */
export function inverseFrequencies({
  headDim,
  rotaryDim: dim = headDim,
  ropeTheta,
  ropeScaling: scaling,
}: RopeShape): Float64Array {
  const plain = Float64Array.from({ length: dim / 2 }, (_, i) => ropeTheta ** ((-2 * i) / dim));
  switch (scaling?.type) {
    case undefined:
    case 'dynamic':
      return plain;
    case 'longrope':
      return plain.map((f, i) => f / scaling.shortFactors[i]);
    case 'linear':
      return plain.map((f) => f / scaling.factor);
    case 'llama3': {
      const { factor, lowFreqFactor: low, highFreqFactor: high, originalMaxPositions } = scaling;
      return plain.map((f) => {
        // Turns within the original context: few turns are stretched, many stay, those between are blended.
        const turns = (originalMaxPositions * f) / (2 * Math.PI);
        if (turns > high) return f;
        if (turns < low) return f / factor;
        const keep = (turns - low) / (high - low);
        return (1 - keep) * (f / factor) + keep * f;
      });
    }
    case 'yarn': {
      const { factor, originalMaxPositions, betaFast, betaSlow, truncate } = scaling;
      // The (fractional) pair that makes `turns` turns within the original context.
      const pair = (turns: number) =>
        (dim * Math.log(originalMaxPositions / (turns * 2 * Math.PI))) / (2 * Math.log(ropeTheta));
      const first = Math.max(truncate ? Math.floor(pair(betaFast)) : pair(betaFast), 0);
      const last = Math.min(truncate ? Math.ceil(pair(betaSlow)) : pair(betaSlow), dim - 1);
      const width = last === first ? 0.001 : last - first;
      return plain.map((f, i) => {
        const stretch = Math.min(Math.max((i - first) / width, 0), 1);
        return stretch * (f / factor) + (1 - stretch) * f;
      });
    }
  }
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
  const frequencies = Float32Array.from(inverseFrequencies(shape));
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
