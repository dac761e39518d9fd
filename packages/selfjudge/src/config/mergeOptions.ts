import type { StoredDtype } from '@selfjudge/engine/internal';

/** What matrices of a GGUF file may be stored as. */
export const QUANTIZATIONS = ['F32', 'F16', 'BF16', 'Q8_0', 'Q4_0'] as const;
export type Quantization = (typeof QUANTIZATIONS)[number];
/** What a merged model may be written as. */
export const FORMATS = ['safetensors', 'gguf'] as const;
/** auto: as the base is stored. */
export const MERGE_DTYPES = ['auto', 'float32', 'float16', 'bf16'] as const satisfies readonly (
  StoredDtype | 'auto'
)[];

const UNITS: Readonly<Record<string, number>> = { '': 0, K: 1, M: 2, G: 3, T: 4 };

/** Bytes of a size as transformers takes it, '5GB' or '200MiB'; undefined for what is none. */
export function bytesIn(size: string): number | undefined {
  const [, digits, unit = '', binary] = /^(\d+(?:\.\d+)?) ?(?:([KMGT]?)(i?)B)?$/i.exec(size) ?? [];
  if (digits === undefined) return undefined;
  const bytes = Math.floor(Number(digits) * (binary ? 1024 : 1000) ** UNITS[unit.toUpperCase()]);
  return bytes >= 1 && Number.isSafeInteger(bytes) ? bytes : undefined;
}
