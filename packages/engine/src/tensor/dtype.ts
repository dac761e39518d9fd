/** Storage types. bf16 is the upper half of a float32, rounded to nearest even; arithmetic is float32 throughout. */
export type DType = 'float32' | 'bf16' | 'int32';

/** `rows`: contiguous, row-major. `panels`: a matrix packed for the matrix core; only `Weight` holds those. */
export type Layout = 'rows' | 'panels';

export const dtypes = ['float32', 'bf16', 'int32'] as const;
export const layouts = ['rows', 'panels'] as const;

export const dtypeCode = { float32: 0, bf16: 1, int32: 2 } as const;
export const layoutCode = { rows: 0, panels: 1 } as const;

/** The bf16 value nearest to x, ties to even. */
export function roundToBf16(x: number): number {
  const bits = new Uint32Array(new Float32Array([x]).buffer);
  bits[0] += 0x7fff + ((bits[0] >>> 16) & 1);
  bits[0] &= 0xffff0000;
  return new Float32Array(bits.buffer)[0];
}
