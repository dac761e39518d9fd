import type { GgufType } from '@selfjudge/native';

import { FileFormatError } from '@selfjudge/base';

/** Of a block of ggml's: the type's name, its values and its bytes. */
export type Block = readonly [name: string, values: number, bytes: number];

/** ggml's tensor types by number (GGML_QUANT_SIZES of the Python package gguf). */
const TYPES: Readonly<Record<number, Block>> = {
  0: ['F32', 1, 4],
  1: ['F16', 1, 2],
  2: ['Q4_0', 32, 18],
  3: ['Q4_1', 32, 20],
  6: ['Q5_0', 32, 22],
  7: ['Q5_1', 32, 24],
  8: ['Q8_0', 32, 34],
  9: ['Q8_1', 32, 36],
  10: ['Q2_K', 256, 84],
  11: ['Q3_K', 256, 110],
  12: ['Q4_K', 256, 144],
  13: ['Q5_K', 256, 176],
  14: ['Q6_K', 256, 210],
  15: ['Q8_K', 256, 292],
  16: ['IQ2_XXS', 256, 66],
  17: ['IQ2_XS', 256, 74],
  18: ['IQ3_XXS', 256, 98],
  19: ['IQ1_S', 256, 50],
  20: ['IQ4_NL', 32, 18],
  21: ['IQ3_S', 256, 110],
  22: ['IQ2_S', 256, 82],
  23: ['IQ4_XS', 256, 136],
  24: ['I8', 1, 1],
  25: ['I16', 1, 2],
  26: ['I32', 1, 4],
  27: ['I64', 1, 8],
  28: ['F64', 1, 8],
  29: ['IQ1_M', 256, 56],
  30: ['BF16', 1, 2],
  34: ['TQ1_0', 256, 54],
  35: ['TQ2_0', 256, 66],
  39: ['MXFP4', 32, 17],
  40: ['NVFP4', 64, 36],
  41: ['Q1_0', 128, 18],
};

/** Types that are read; the others need tables of their own (IQ1 to IQ3), or models that are not computed here (MXFP4). */
const READABLE: readonly GgufType[] = [
  ...(['F32', 'F16', 'BF16', 'Q8_0', 'Q4_0', 'Q4_1', 'Q5_0', 'Q5_1'] as const),
  ...(['Q2_K', 'Q3_K', 'Q4_K', 'Q5_K', 'Q6_K', 'IQ4_NL', 'IQ4_XS'] as const),
];

const isReadable = (type: string): type is GgufType => READABLE.some((one) => one === type);

/** The block of a type; one without a name here has blocks of no bytes, so that a sound file does not look damaged. */
export function blockOf(type: number): Block {
  return TYPES[type] ?? [`type ${type}`, 1, 0];
}

/** @throws FileFormatError naming the type, those that can be read, and what to do */
export function assertReadable<T extends { type: string; path: string; offset: number }>(
  tensor: T,
  name: string,
): asserts tensor is T & { type: GgufType } {
  const { type, path, offset } = tensor;
  if (isReadable(type)) return;
  throw new FileFormatError({
    path,
    offset,
    expected: `tensor '${name}' of type ${READABLE.join(', ')}`,
    received: type,
    advice:
      "Take a file of one of these types (Q8_0, F16 or BF16 of the same model), or make one: llama.cpp's " +
      '`llama-quantize --allow-requantize IN.gguf OUT.gguf Q8_0`.',
  });
}
