import { ConfigError } from '@selfjudge/base';
import type { StoredDtype } from '@selfjudge/engine/internal';
import { bytesIn, type FORMATS, type Quantization } from '../config/mergeOptions.js';

export interface MergeOptions {
  /** An adapter folder on top of the model, whatever base it names. */
  adapter?: string;
  /** Where matrices are multiplied and what was written is tried. Default auto. */
  device?: 'auto' | 'cpu' | 'cuda';
  /** A folder that transformers opens (default), or a GGUF file with what Ollama takes. */
  format?: (typeof FORMATS)[number];
  /** Of safetensors: what weights are rounded to, once; auto (default): as the base is stored. */
  dtype?: StoredDtype | 'auto';
  /** Of GGUF: what matrices are stored as. Default F16; of an adapter F32. */
  quantization?: Quantization;
  /** Of GGUF: the adapter alone, to be put on a GGUF file of its base. Default false. */
  adapterOnly?: boolean;
  /** Of safetensors: bytes of a file at most, as transformers writes them. Default '5GB'. */
  maxShardSize?: string;
  /** Whether a folder that an earlier merge wrote may be replaced. Default false. */
  overwriteOutputDir?: boolean;
}

/** What is to be written, every choice made but the dtype, which may be the base's. */
export type MergePlan =
  | { format: 'safetensors'; dtype?: StoredDtype; maxShardBytes: number }
  | { format: 'gguf'; quantization: Quantization }
  | { format: 'gguf'; adapterOnly: true; quantization: 'F32' | 'F16' };

/** @throws ConfigError for choices that do not go together */
export function planOf(options: MergeOptions): MergePlan {
  const { format = 'safetensors', dtype = 'auto', quantization, adapterOnly = false, maxShardSize } = options;
  const refuse = (key: string, expected: string, received: unknown): never => {
    throw new ConfigError({ key, expected, received });
  };
  if (format === 'safetensors') {
    if (quantization !== undefined)
      refuse('quantization', 'left out with format safetensors, whose weights have a dtype', quantization);
    if (adapterOnly)
      refuse(
        'adapter_only',
        'format gguf: in safetensors the adapter alone is the folder that was given, as PEFT opens it',
        'format safetensors',
      );
    return {
      format,
      ...(dtype !== 'auto' && { dtype }),
      maxShardBytes: bytesIn(maxShardSize ?? '5GB') ?? 0,
    };
  }
  if (dtype !== 'auto')
    refuse('dtype', 'left out with format gguf: quantization says what its weights are stored as', dtype);
  if (maxShardSize !== undefined)
    refuse('max_shard_size', 'left out with format gguf, which is one file', maxShardSize);
  if (!adapterOnly) return { format, quantization: quantization ?? 'F16' };
  const own = quantization ?? 'F32';
  if (own === 'F32' || own === 'F16') return { format, adapterOnly, quantization: own };
  return refuse('quantization', 'F32 or F16 for an adapter alone', own);
}
