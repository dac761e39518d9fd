import { isDeepStrictEqual } from 'node:util';

import { ArgumentError } from '@selfjudge/base';
import type { ModelConfig } from './config.js';
import type { GgufEntry } from './files/ggufValues.js';
import { inverseFrequencies, yarnAttentionFactor, type RopeScaling } from './rope.js';

/** What a GGUF file says of rotary embedding: keys without their prefix, and tensors. */
export interface RopeKeys {
  entries: GgufEntry[];
  tensors: { name: string; values: Float32Array }[];
}

const number = (key: string, value: number): GgufEntry => ({ key: `rope.${key}`, type: 'f32', value });
const whole = (key: string, value: number): GgufEntry => ({ key: `rope.${key}`, type: 'u32', value });
const word = (key: string, value: string): GgufEntry => ({ key: `rope.${key}`, type: 'string', value });

/** Llama 3's one shape of scaling: readers know the tensor of divisors by it. */
const LLAMA3 = { lowFreqFactor: 1, highFreqFactor: 4, originalMaxPositions: 8192 };

/** @throws ArgumentError for a scaling that GGUF has no form for */
export function ropeKeys(config: ModelConfig): RopeKeys {
  const { headDim, rotaryDim = headDim, ropeTheta, ropeScaling } = config;
  const { entries, tensors } = scalingKeys(config, ropeScaling);
  return {
    entries: [whole('dimension_count', rotaryDim), number('freq_base', ropeTheta), ...entries],
    tensors,
  };
}

function scalingKeys(config: ModelConfig, scaling: RopeScaling | undefined): RopeKeys {
  switch (scaling?.type) {
    case undefined:
    // Within the context there is none; past it a model goes nowhere here.
    case 'dynamic':
      return { entries: [], tensors: [] };
    case 'linear':
      return {
        entries: [word('scaling.type', 'linear'), number('scaling.factor', scaling.factor)],
        tensors: [],
      };
    case 'llama3':
      return { entries: [], tensors: [{ name: 'rope_freqs.weight', values: divisors(config, scaling) }] };
    case 'yarn': {
      const { factor, originalMaxPositions, betaFast, betaSlow, attentionFactor, truncate } = scaling;
      if (!truncate) refuse('yarn whose ramp has whole bounds (truncate)', scaling);
      return {
        entries: [
          word('scaling.type', 'yarn'),
          number('scaling.factor', factor),
          whole('scaling.original_context_length', originalMaxPositions),
          number('scaling.yarn_beta_fast', betaFast),
          number('scaling.yarn_beta_slow', betaSlow),
          // Readers multiply it by yarn's own.
          number('scaling.attn_factor', attentionFactor / yarnAttentionFactor(factor)),
        ],
        tensors: [],
      };
    }
    case 'longrope': {
      const { shortFactors, longFactors, attentionFactor } = scaling;
      return {
        entries: [
          word('scaling.type', 'longrope'),
          whole('scaling.original_context_length', config.maxPositions),
          number('scaling.attn_factor', attentionFactor),
        ],
        tensors: [
          { name: 'rope_factors_long.weight', values: Float32Array.from(longFactors) },
          { name: 'rope_factors_short.weight', values: Float32Array.from(shortFactors) },
        ],
      };
    }
  }
}

/** What each pair's frequency is divided by. */
function divisors(
  { headDim, ropeTheta }: ModelConfig,
  scaling: Extract<RopeScaling, { type: 'llama3' }>,
): Float32Array {
  const { lowFreqFactor, highFreqFactor, originalMaxPositions } = scaling;
  if (!isDeepStrictEqual({ lowFreqFactor, highFreqFactor, originalMaxPositions }, LLAMA3))
    refuse(
      "Llama 3's scaling from 8192 positions between factors 1 and 4, which readers take it for",
      scaling,
    );
  const plain = inverseFrequencies({ headDim, ropeTheta });
  const scaled = inverseFrequencies({ headDim, ropeTheta, ropeScaling: scaling });
  // Readers take the greatest for the factor, so those of pairs that are stretched whole are it, without a rounding.
  const { factor } = scaling;
  return plain.map((f, i) => (scaled[i] === Math.fround(f / Math.fround(factor)) ? factor : f / scaled[i]));
}

function refuse(expected: string, received: RopeScaling): never {
  throw new ArgumentError('ropeScaling', { where: 'writeModelGguf', expected, received });
}
