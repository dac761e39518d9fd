/**
 * Scaling variants of rotary embedding, as transformers names them: linear (Chen et al., arXiv 2306.15595), yarn (Peng
 * et al., arXiv 2309.00071) and that of Llama 3.1.
 */
export type RopeScaling =
  | { type: 'linear'; factor: number }
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
    };

export interface RopeShape {
  headDim: number;
  ropeTheta: number;
  ropeScaling?: RopeScaling;
}

/** The angle a position adds for each of the headDim / 2 pairs, in radians, float64. */
export function inverseFrequencies({ headDim, ropeTheta, ropeScaling: scaling }: RopeShape): Float64Array {
  const plain = Float64Array.from({ length: headDim / 2 }, (_, i) => ropeTheta ** ((-2 * i) / headDim));
  switch (scaling?.type) {
    case undefined:
      return plain;
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
        (headDim * Math.log(originalMaxPositions / (turns * 2 * Math.PI))) / (2 * Math.log(ropeTheta));
      const first = Math.max(truncate ? Math.floor(pair(betaFast)) : pair(betaFast), 0);
      const last = Math.min(truncate ? Math.ceil(pair(betaSlow)) : pair(betaSlow), headDim - 1);
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

/**
 * Rows `from` to `to` of the rotary table: headDim / 2 cosines, then as many sines, float32. Rounded where
 * transformers rounds: the inverse frequency, the angle, its cosine and sine are float32.
 */
export function ropeRows(shape: RopeShape, from: number, to: number): Float32Array {
  const half = shape.headDim / 2;
  const frequencies = Float32Array.from(inverseFrequencies(shape));
  const factor = Math.fround(shape.ropeScaling?.type === 'yarn' ? shape.ropeScaling.attentionFactor : 1);
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
