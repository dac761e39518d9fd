import { FileFormatError } from '@selfjudge/base';
import { spanOf, type RowRange } from './rows.js';
import type { HostTensor, Safetensors, SafetensorsTensor } from './safetensors.js';

/** Tensors by name, read one at a time. */
export interface TensorFile {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, Pick<SafetensorsTensor, 'dtype' | 'shape'>>;
  read(name: string, rows?: RowRange): HostTensor;
}

/**
 * The 16 values of a nibble (Dettmers et al., arXiv 2305.14314, appendix E; bitsandbytes' fp4 has 1 sign, 2 exponent and 1
 * mantissa bits), as float32.
 */
const CODES = {
  nf4: [
    -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
    -0.18477343022823334, -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725,
    0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1,
  ],
  fp4: [
    0, 0.005208333333, 0.66666667, 1, 0.33333333, 0.5, 0.16666667, 0.25, 0, -0.005208333333, -0.66666667, -1,
    -0.33333333, -0.5, -0.16666667, -0.25,
  ],
} as const;

const DTYPES = { bfloat16: 'BF16', float16: 'F16', float32: 'F32' } as const;
const STATE = /^(.+)\.quant_state\.bitsandbytes__(nf4|fp4)$/;

/** How a matrix is packed: `quant_state` beside it, as JSON. */
interface State {
  type: keyof typeof CODES;
  shape: number[];
  dtype: keyof typeof DTYPES;
  blockSize: number;
  /** Where the scales are themselves in 8 bits. */
  nested?: { blockSize: number; offset: number };
}

/**
 * A folder's tensors with the matrices that bitsandbytes packed in 4 bits as values again, to the bit what its CPU kernels
 * give: the code's value times its block's scale in float32, rounded to the dtype that was packed.
 *
 * @returns `file` itself where it holds no such matrix
 * @throws FileFormatError naming the tensor that is missing or not as its quant_state says
 */
export function unpacked(file: Safetensors): TensorFile {
  const states = new Map<string, State>();
  for (const name of file.tensors.keys()) {
    const [, matrix, type] = STATE.exec(name) ?? [];
    if (matrix !== undefined) states.set(matrix, stateOf(file, name, type as State['type']));
  }
  if (states.size === 0) return file;
  const tensors = new Map<string, Pick<SafetensorsTensor, 'dtype' | 'shape'>>();
  for (const [name, tensor] of file.tensors) {
    const state = states.get(name);
    const part = /^(.+)\.(absmax|quant_map|nested_absmax|nested_quant_map|quant_state\..+)$/.exec(name)?.[1];
    if (state !== undefined) tensors.set(name, { shape: state.shape, dtype: DTYPES[state.dtype] });
    else if (part === undefined || !states.has(part)) tensors.set(name, tensor);
  }
  return {
    path: file.path,
    tensors,
    read: (name, rows) => {
      const state = states.get(name);
      return state === undefined ? file.read(name, rows) : unpack(file, name, state, rows);
    },
  };
}

function stateOf(file: Safetensors, name: string, type: State['type']): State {
  const fail = (expected: string, received: unknown): never => {
    throw new FileFormatError({ path: file.path, expected: `'${name}': ${expected}`, received });
  };
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(file.readBytes(name)).toString('utf8'));
  } catch (error) {
    if (error instanceof FileFormatError) throw error;
    fail('a state in JSON', (error as Error).message);
  }
  const { quant_type, shape, dtype, blocksize, nested_blocksize, nested_offset } = (json ?? {}) as Record<
    string,
    unknown
  >;
  const isSize = (n: unknown): n is number => typeof n === 'number' && Number.isSafeInteger(n) && n > 0;
  if (quant_type !== type) fail(`quant_type ${type}`, quant_type);
  if (!Array.isArray(shape) || !shape.every(isSize) || shape.length !== 2)
    return fail('a shape of two sizes', shape);
  if (typeof dtype !== 'string' || !Object.hasOwn(DTYPES, dtype))
    return fail(`dtype ${Object.keys(DTYPES).join(', ')}`, dtype);
  // What the kernels know; a block is a whole number of bytes.
  if (!isSize(blocksize) || blocksize % 2 !== 0) return fail('an even blocksize', blocksize);
  const state: State = {
    type,
    shape: shape as number[],
    dtype: dtype as State['dtype'],
    blockSize: blocksize,
  };
  if (nested_blocksize !== undefined) {
    if (!isSize(nested_blocksize)) return fail('nested_blocksize a size', nested_blocksize);
    if (typeof nested_offset !== 'number') return fail('nested_offset a number', nested_offset);
    state.nested = { blockSize: nested_blocksize, offset: nested_offset };
  }
  return state;
}

function unpack(file: Safetensors, name: string, state: State, rows?: RowRange): HostTensor {
  const { dtype, blockSize } = state;
  const size = state.shape[0] * state.shape[1];
  const { shape, start, count } = spanOf('Safetensors.read', name, state.shape, rows);
  const range = (each: number) => ({
    from: Math.floor(start / each),
    to: Math.ceil((start + count) / each),
  });
  checkMap(file, name, state.type);
  const codes = bytesOf(file, name, Math.ceil(size / 2), range(2));
  const scales = scalesOf(file, name, state, Math.ceil(size / blockSize), range(blockSize));
  const values = Float32Array.from(CODES[state.type]);
  const round = { float32: (x: number) => x, bfloat16: toBf16Bits, float16: toHalf }[dtype];
  const data = dtype === 'bfloat16' ? new Uint16Array(count) : new Float32Array(count);
  // A block has one scale: what each code stands for in it is worked out once.
  const table = data.slice(0, 16);
  // RowRange of an odd width may begin inside a byte; any may begin inside a block.
  const half = start % 2;
  for (let block = 0, at = 0; at < count; block++) {
    for (let code = 0; code < 16; code++) table[code] = round(Math.fround(values[code] * scales[block]));
    const end = Math.min((block + 1) * blockSize - (start % blockSize), count);
    for (; at < end; at++) {
      const byte = codes[(at + half) >> 1];
      data[at] = table[(at + half) & 1 ? byte & 15 : byte >> 4];
    }
  }
  return dtype === 'bfloat16'
    ? { dtype: 'bf16', shape, data: data as Uint16Array }
    : { dtype: 'float32', shape, data: data as Float32Array };
}

/** The scale of each block of a range: stored as float32, or in 8 bits with a scale for each block of those. */
function scalesOf(
  file: Safetensors,
  name: string,
  { nested }: State,
  blocks: number,
  range: RowRange,
): Float32Array {
  if (nested === undefined) return floatsOf(file, `${name}.absmax`, blocks, range);
  const codes = bytesOf(file, `${name}.absmax`, blocks, range);
  const values = floatsOf(file, `${name}.nested_quant_map`, 256);
  const scales = floatsOf(file, `${name}.nested_absmax`, Math.ceil(blocks / nested.blockSize));
  const offset = Math.fround(nested.offset);
  return Float32Array.from(codes, (code, i) => {
    const scaled = Math.fround(values[code] * scales[Math.floor((range.from + i) / nested.blockSize)]);
    return scaled + offset;
  });
}

/** The map that a file carries along is the one of its type; kernels do not look at it. */
function checkMap(file: Safetensors, name: string, type: State['type']): void {
  const map = `${name}.quant_map`;
  if (!file.tensors.has(map)) return;
  const values = floatsOf(file, map, 16);
  const wrong = CODES[type].findIndex((value, code) => Math.abs(values[code] - value) > 1e-6);
  if (wrong < 0) return;
  throw new FileFormatError({
    path: file.path,
    expected: `'${map}' to be the values of ${type}, ${CODES[type][wrong]} at ${wrong}`,
    received: values[wrong],
  });
}

/** @param bytes of the whole tensor, of which `range` is read */
function bytesOf(file: Safetensors, name: string, bytes: number, range?: RowRange): Uint8Array {
  const tensor = file.tensors.get(name);
  const size = tensor?.bytes;
  if (size === bytes) return file.readBytes(name, range);
  throw new FileFormatError({
    path: file.path,
    expected: `'${name}' of ${bytes} bytes, by its quant_state`,
    received: size === undefined ? 'no such tensor' : `${size} bytes`,
  });
}

function floatsOf(file: Safetensors, name: string, count: number, range?: RowRange): Float32Array {
  const { dtype } = file.tensors.get(name) ?? {};
  if (dtype !== undefined && dtype !== 'F32')
    throw new FileFormatError({ path: file.path, expected: `'${name}' of dtype F32`, received: dtype });
  const bytes = range && { from: 4 * range.from, to: 4 * range.to };
  return new Float32Array(bytesOf(file, name, 4 * count, bytes).slice().buffer);
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The bits of the nearest bf16 value, ties to even. */
function toBf16Bits(x: number): number {
  float[0] = x;
  if (Number.isNaN(x)) return 0x7fc0;
  return (bits[0] + 0x7fff + ((bits[0] >>> 16) & 1)) >>> 16;
}

/** The nearest float16 value, ties to even. */
function toHalf(x: number): number {
  const size = Math.abs(x);
  if (!(size > 0) || size === Infinity) return x;
  const step = 2 ** (Math.max(Math.floor(Math.log2(size)), -14) - 10);
  const whole = Math.floor(size / step);
  const rest = size / step - whole;
  const up = rest > 0.5 || (rest === 0.5 && whole % 2 === 1) ? 1 : 0;
  const rounded = (whole + up) * step;
  return Math.sign(x) * (rounded > 65504 ? Infinity : rounded);
}
