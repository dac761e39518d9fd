import { FileFormatError, show } from '@selfjudge/base';

type Json = Record<string, unknown>;

/** What config.json says of how the weights are stored: as numbers, or in bitsandbytes' 4 bits. */
export type Quantization = 'none' | 'bitsandbytes 4-bit';

/** Methods by the word of quantization_config, as people call them. */
const METHODS: Readonly<Record<string, string>> = {
  gptq: 'GPTQ',
  awq: 'AWQ',
  fp8: 'FP8',
  fbgemm_fp8: 'FBGEMM FP8',
  'compressed-tensors': 'compressed-tensors',
  mxfp4: 'MXFP4',
  hqq: 'HQQ',
  torchao: 'torchao',
  quanto: 'Quanto',
  eetq: 'EETQ',
  aqlm: 'AQLM',
  bitnet: 'BitNet',
};

const ADVICE =
  'Take the model that it was made of (its card says base_model), which is trained and judged with in full; ' +
  'a GGUF file of it in Q8_0, F16 or BF16 will do, and so will a bitsandbytes 4-bit folder.';

/**
 * How the weights of a folder are stored.
 *
 * @param config of config.json
 * @param path named in errors
 * @throws FileFormatError naming the method, for those that are not read
 */
export function quantizationOf(config: Json, path: string): Quantization {
  const given = config.quantization_config ?? config.compression_config;
  if (given === undefined || given === null) return 'none';
  const quantization = typeof given === 'object' && !Array.isArray(given) ? (given as Json) : {};
  const method =
    quantization.quant_method ?? (quantization.load_in_4bit === true ? 'bitsandbytes' : undefined);
  if (method === 'bitsandbytes' || method === 'bitsandbytes_4bit' || method === 'bitsandbytes_8bit') {
    if (quantization.load_in_8bit !== true && method !== 'bitsandbytes_8bit') return 'bitsandbytes 4-bit';
    return refuse(path, 'bitsandbytes 8-bit (LLM.int8)');
  }
  const word = typeof method === 'string' ? (METHODS[method] ?? method) : show(given);
  return refuse(path, typeof quantization.bits === 'number' ? `${word} of ${quantization.bits} bits` : word);
}

/**
 * What the names of tensors say where config.json says nothing: early GPTQ and AWQ folders have a file of their own for it.
 * @throws FileFormatError
 */
export function refuseQuantized(names: Iterable<string>, path: string): void {
  for (const name of names) {
    if (/\.(qweight|qzeros)$/.test(name)) refuse(path, `GPTQ or AWQ ('${name}')`);
    if (/\.(weight_packed|weight_scale|weight_scale_inv)$/.test(name))
      refuse(path, `compressed-tensors or FP8 ('${name}')`);
    if (name.endsWith('.SCB')) refuse(path, `bitsandbytes 8-bit (LLM.int8, '${name}')`);
  }
}

function refuse(path: string, received: string): never {
  throw new FileFormatError({
    path,
    expected:
      'weights that are not quantised (no quantization_config), or in 4 bits by bitsandbytes (nf4, fp4)',
    received,
    advice: ADVICE,
  });
}
