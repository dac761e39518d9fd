import type { Warn } from './checkTensors.js';
import type { ModelConfig } from './config.js';
import type { Family } from './families/index.js';
import type { GgufValues } from './ggufValues.js';
import {
  inverseFrequencies,
  longropeAttentionFactor,
  yarnAttentionFactor,
  type RopeScaling,
} from './rope.js';

/** What the metadata and tensors of a GGUF file say of rotary embedding. @throws FileFormatError */
export function ropeOfGguf(
  values: GgufValues,
  config: ModelConfig,
  { partialRope, layerRopes }: Family,
  warn: Warn,
): Pick<ModelConfig, 'ropeScaling' | 'rotaryDim' | 'maxPositions' | 'localRope'> {
  const { headDim, maxPositions } = config;
  const rotated = values.number('rope.dimension_count', headDim);
  if (rotated !== headDim && partialRope !== true)
    values.fail(`rotary embedding of all ${headDim} dimensions`, rotated);
  const shape = { maxPositions, ...(rotated !== headDim && { rotaryDim: rotated }) };
  const [short, long] = ['short', 'long'].map((which) => tensor(values, `rope_factors_${which}.weight`));
  if (short !== undefined && long !== undefined)
    return { ...shape, ...longrope(values, config, rotated, short, long, warn) };
  const ropeScaling = scaling(values, config);
  const local = layerRopes === undefined ? undefined : (config.localRope ?? { theta: config.ropeTheta });
  return { ...shape, ropeScaling, ...(local && { localRope: local }) };
}

const tensor = ({ file }: GgufValues, name: string) => (file.tensors.has(name) ? file.read(name) : undefined);

function longrope(
  values: GgufValues,
  { maxPositions }: ModelConfig,
  rotated: number,
  short: Float32Array,
  long: Float32Array,
  warn: Warn,
): Pick<ModelConfig, 'ropeScaling' | 'maxPositions'> {
  if (short.length !== rotated / 2 || long.length !== rotated / 2)
    values.fail(`rope_factors of ${rotated / 2} values`, `${short.length} and ${long.length}`);
  const from = values.number('rope.scaling.original_context_length', maxPositions);
  if (from < maxPositions)
    warn(
      `${values.file.path}: paths of up to ${from} tokens, rope.scaling.original_context_length: past it longrope turns ` +
        'the tokens before by other angles, those of one batch by the longest of them',
    );
  return {
    maxPositions: Math.min(from, maxPositions),
    ropeScaling: {
      type: 'longrope',
      shortFactors: [...short],
      longFactors: [...long],
      longMaxPositions: maxPositions,
      attentionFactor: values.number(
        'rope.scaling.attn_factor',
        longropeAttentionFactor(maxPositions / from, from),
      ),
    },
  };
}

function scaling(values: GgufValues, config: ModelConfig): RopeScaling | undefined {
  // As llama.cpp reads them: a factor without a type is linear, under its old name too, and 0 or none is 1.
  const type = values.get('rope.scaling.type') ?? 'linear';
  const factor = values.number('rope.scaling.factor', values.number('rope.scale_linear', 0)) || 1;
  if (factor < 0) values.fail('a positive rope scaling factor', factor);
  const divisors = tensor(values, 'rope_freqs.weight');
  if (divisors?.some((d) => d !== 1)) {
    if (factor !== 1 && type !== 'none')
      values.fail('rope_freqs.weight or a rope scaling factor', `both, a factor of ${factor}`);
    return llama3(values, config, divisors);
  }
  switch (type) {
    case 'none':
      return undefined;
    case 'linear':
      return factor === 1 ? undefined : { type: 'linear', factor };
    case 'yarn':
      if (values.number('rope.scaling.yarn_log_multiplier', 0) !== 0)
        values.fail('no rope.scaling.yarn_log_multiplier', values.number('rope.scaling.yarn_log_multiplier'));
      return {
        type: 'yarn',
        factor,
        originalMaxPositions: values.number('rope.scaling.original_context_length', config.maxPositions),
        betaFast: values.number('rope.scaling.yarn_beta_fast', 32),
        betaSlow: values.number('rope.scaling.yarn_beta_slow', 1),
        // llama.cpp keeps a multiplier of yarn's own attention factor.
        attentionFactor: values.number('rope.scaling.attn_factor', 1) * yarnAttentionFactor(factor),
        truncate: true,
      };
    default:
      return values.fail('a rope scaling type of none, linear, yarn', type);
  }
}

/**
 * llama.cpp stores Llama 3's scaling as a tensor of divisors. The family has one shape of it, with the factor as its
 * greatest divisor; the tensor must be that shape, so that nothing is lost by keeping the parameters instead.
 */
function llama3(values: GgufValues, config: ModelConfig, divisors: Float32Array): RopeScaling {
  if (divisors.length !== config.headDim / 2)
    values.fail(`rope_freqs.weight of ${config.headDim / 2} values`, `${divisors.length} values`);
  const scaling: RopeScaling = {
    type: 'llama3',
    factor: divisors.reduce((a, b) => Math.max(a, b), 1),
    lowFreqFactor: 1,
    highFreqFactor: 4,
    originalMaxPositions: 8192,
  };
  const plain = inverseFrequencies({ headDim: config.headDim, ropeTheta: config.ropeTheta });
  const scaled = inverseFrequencies({ ...config, ropeScaling: scaling });
  const same = divisors.every((d, i) => Math.abs((d * scaled[i]) / plain[i] - 1) < 1e-4);
  if (!same) values.fail("rope_freqs.weight as Llama 3's scaling gives it", divisors);
  return scaling;
}
