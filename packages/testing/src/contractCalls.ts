import type { NativeContract, NativeDevice, NativeDType, NativeLayout } from '@selfjudge/native';
import { BF16, F32, I32, PANELS, ROWS } from './native.js';

export type TensorSpec = NativeContract['tensors'][number];

/** A tensor of a call before it is on a device. */
export interface Slot {
  spec: TensorSpec;
  dtype: NativeDType;
  layout: NativeLayout;
  shape: number[];
}

/** What a call is made of besides its contract: sizes to take for its symbols, and which variant of it. */
export interface CallShape {
  /** At least 1 each; symbols take them in turn. */
  sizes: readonly number[];
  bf16: boolean;
  /** Whether optional tensors are given. */
  optional: boolean;
}

/** A call that its contract accepts. */
export interface ContractCall {
  contract: NativeContract;
  /** One for each tensor of the contract; null for absent ones and outputs. */
  slots: (Slot | null)[];
  numbers: number[];
  /** Triples of the tree, where the op takes one. */
  segments: Int32Array | null;
}

const codes: Readonly<Record<string, NativeDType>> = { float32: F32, bf16: BF16, int32: I32 };

/** The native code of a contract's dtype. */
export const dtypeOf = (name: string): NativeDType => codes[name];

export const isOutput = ({ role }: TensorSpec): boolean => role === 'out';
export const isRequired = ({ role }: TensorSpec): boolean => role === 'in' || role === 'inout';
export const isWritten = ({ role }: TensorSpec): boolean => role === 'inout' || role === 'inout_optional';

/** The words of a contract's shape. */
export const wordsOf = ({ shape }: TensorSpec): string[] => shape.split(' ');

/** Builds a call from its contract: binds the shape symbols, then gives every tensor and number a value that fits. */
export function validCall(contract: NativeContract, shape: CallShape): ContractCall {
  const sizes = new Map<string, number>();
  const size = (symbol: string): number => {
    if (!sizes.has(symbol)) sizes.set(symbol, shape.sizes[sizes.size % shape.sizes.length]);
    return sizes.get(symbol)!;
  };
  bindRelated(sizes, size);
  const given = contract.tensors.map((spec) => !isOutput(spec) && (isRequired(spec) || shape.optional));
  const numbers = contract.numbers.map((spec) => {
    if (/^rows\d$/.test(spec.name)) return shape.optional ? size('T') : 0;
    if (spec.name === 'top_p') return 0.9;
    if (spec.name === 't') return size('T');
    if (spec.integer) return spec.min;
    return /^p\d$/.test(spec.name) ? 0 : Math.min(0.5, spec.max);
  });
  const dims = (spec: TensorSpec): number[] =>
    wordsOf(spec).flatMap((word) => {
      if (word === '...') return [size('...')];
      if (word[0] === '@') return [numbers[contract.numbers.findIndex(({ name }) => `@${name}` === word)]];
      return /^\d/.test(word) ? [Number(word)] : [size(word)];
    });
  const slots = contract.tensors.map((spec, i): Slot | null => {
    if (!given[i]) return null;
    const dtype = spec.dtypes.includes('bf16') && shape.bf16 ? BF16 : dtypeOf(spec.dtypes[0]);
    return { spec, dtype, layout: spec.panels ? PANELS : ROWS, shape: dims(spec) };
  });
  return { contract, slots, numbers, segments: contract.tree ? segmentsOf(size('T')) : null };
}

/** Enumerations that say how an optional tensor is used: where it is absent, only their first word is right. */
const WORDS_OF: Readonly<Record<string, string>> = { activation: 'gate' };

/** Whether the call lacks the tensor that an enumeration is of. */
export function isIdle({ contract, slots }: ContractCall, number: string): boolean {
  const of = contract.tensors.findIndex(({ name }) => name === WORDS_OF[number]);
  return of >= 0 && slots[of] === null;
}

/** The numbers of a call with every word of each enumeration in turn, in the place of what the call has. */
export function otherWords(call: ContractCall): (number | string)[][] {
  return call.contract.numbers.flatMap(({ name, names }, i) =>
    (isIdle(call, name) ? [] : (names ?? [])).map((word) =>
      call.numbers.map((number, at): number | string => (at === i ? word : number)),
    ),
  );
}

/** Sizes that contracts relate beyond equal symbols: heads, pools of keys and values, an even part of a head. */
function bindRelated(sizes: Map<string, number>, size: (symbol: string) => number): void {
  const groups = size('G');
  const width = 2 * size('d');
  sizes.set('d', width).set('H', 2 * groups);
  sizes.set('Gd', groups * width).set('G64', groups * 64);
  sizes.set('B', size('M') + 1);
  sizes.set('r', Math.min(width, 2 * size('r')));
}

/** A root with a child, where there are rows for both. */
function segmentsOf(rows: number): Int32Array {
  return rows === 1 ? new Int32Array([0, 1, -1]) : new Int32Array([0, 1, -1, 1, rows - 1, 0]);
}

/** Puts one tensor on a device. Values are ones that no op faults on. */
export function place(device: NativeDevice, slot: Slot): number {
  const { spec, dtype, layout, shape } = slot;
  const count = shape.reduce((product, n) => product * n, 1);
  if (layout === PANELS) {
    const panels = device.empty(dtype, shape, PANELS).handle;
    const rows = device.upload(new Float32Array(count).fill(0.5), F32, shape).handle;
    device.enqueue('pack', [rows, panels], [], null);
    device.dispose(rows);
    return panels;
  }
  if (dtype !== I32) return device.upload(new Float32Array(count).fill(0.5), dtype, shape).handle;
  return device.upload(
    Int32Array.from({ length: count }, (_, i) => idAt(spec.name, i)),
    I32,
    shape,
  ).handle;
}

/** Row, token and block numbers that are in range for any sizes. */
function idAt(name: string, i: number): number {
  if (name === 'slots') return i;
  if (name === 'lengths') return 1;
  // (from block 0, to another, one key)
  if (name === 'moves') return [0, Math.floor(i / 3) + 1, 1][i % 3];
  return 0;
}
