import type { NativeDevice, NativeError } from '@selfjudge/native';
import { dtypeOf, isIdle, isOutput, isRequired, isWritten, place, wordsOf } from './contractCalls.js';
import type { ContractCall, Slot, TensorSpec } from './contractCalls.js';
import { BF16, F32, I32, PANELS, ROWS } from './native.js';

/** Handles that are none of the device under test, or are dead. */
export interface Strangers {
  /** Of another device of this thread, and of one in another environment. */
  foreign: { tensors: number[]; trees: number[] };
  /** A number nobody gave out. */
  forged: number;
  disposedTensor: number;
  disposedTree: number;
  tree: number;
  tensor: number;
  program: number;
}

/** Values that stand for a wrong JavaScript type, one of each kind a run. */
export interface WrongScripts {
  handle: unknown;
  number: unknown;
  list: unknown;
}

/** The arguments of `NativeDevice.enqueue`, as a JavaScript caller might give them. */
export interface RawCall {
  tensors: unknown;
  numbers: unknown;
  tree: unknown;
}

/** A call with one thing wrong, and how the error must name it. */
export interface Fault {
  name: string;
  codes: NativeError['code'][];
  /** Names one of which the error's `argument` must be. */
  arguments: string[];
  /** What the error's `expected` must contain besides. */
  expected?: string[];
  raw: RawCall;
}

/** Symbols that rules of their own (core/contracts/relations.cpp) relate to others, so that a size nothing else has is wrong too. */
const RELATED = ['Gd', 'G64', 'r'];
const WITH_RULES = ['tree_attention_pool', 'kv_write', 'kv_copy', 'rope'];

/** Every way in which one thing of a valid call can be wrong. Tensors made for a fault live until the next one. */
export class ContractFaults {
  readonly #device: NativeDevice;
  readonly #call: ContractCall;
  readonly #handles: readonly (number | null)[];
  readonly #tree: number | null;
  readonly #strangers: Strangers;
  readonly #scripts: WrongScripts;

  constructor(
    device: NativeDevice,
    call: ContractCall,
    placed: { handles: readonly (number | null)[]; tree: number | null },
    strangers: Strangers,
    scripts: WrongScripts,
  ) {
    this.#device = device;
    this.#call = call;
    this.#handles = placed.handles;
    this.#tree = placed.tree;
    this.#strangers = strangers;
    this.#scripts = scripts;
  }

  *all(): Iterable<Fault> {
    const { slots, contract } = this.#call;
    for (const [i, spec] of contract.tensors.entries()) {
      yield* this.#handleFaults(i, spec);
      const slot = slots[i];
      if (slot === null) continue;
      yield* this.#dtypeFaults(i, slot);
      yield* this.#layoutFaults(i, slot);
      yield* this.#shapeFaults(i, slot);
      yield* this.#aliasFaults(i, slot);
    }
    yield* this.#numberFaults();
    yield* this.#treeFaults();
    yield* this.#listFaults();
  }

  *#handleFaults(i: number, { name, ...spec }: TensorSpec): Iterable<Fault> {
    const { foreign, forged, disposedTensor, tree, program, tensor } = this.#strangers;
    const wrong = (what: string, handle: unknown, ...codes: Fault['codes']) =>
      this.#with(`${name} ${what}`, i, handle, [name], codes);
    yield wrong('of a wrong type', this.#scripts.handle, 'SJ_WRONG_ARGUMENT');
    if (isOutput({ name, ...spec })) {
      yield wrong('given although the call makes it', tensor, 'SJ_WRONG_ARGUMENT');
      return;
    }
    if (isRequired({ name, ...spec })) yield wrong('missing', null, 'SJ_WRONG_ARGUMENT');
    for (const handle of foreign.tensors) yield wrong('of another device', handle, 'SJ_FOREIGN');
    yield wrong('disposed', disposedTensor, 'SJ_DISPOSED');
    yield wrong('a tree', tree, 'SJ_WRONG_ARGUMENT');
    yield wrong('a program', program, 'SJ_WRONG_ARGUMENT');
    yield wrong('forged', forged, 'SJ_FOREIGN', 'SJ_DISPOSED');
  }

  *#dtypeFaults(i: number, slot: Slot): Iterable<Fault> {
    const { spec } = slot;
    const allowed = spec.like === null ? spec.dtypes.map(dtypeOf) : [slot.dtype];
    for (const dtype of [F32, BF16, I32] as const) {
      if (allowed.includes(dtype) || (slot.layout === PANELS && dtype === I32)) continue;
      yield* this.#replaced(`${spec.name} of dtype ${dtype}`, i, { ...slot, dtype }, [spec.name]);
    }
  }

  *#layoutFaults(i: number, slot: Slot): Iterable<Fault> {
    const { spec, layout, dtype, shape } = slot;
    if (layout === PANELS)
      yield* this.#replaced(`${spec.name} in rows`, i, { ...slot, layout: ROWS }, [spec.name]);
    else if (dtype !== I32) {
      const matrix = shape.length === 2 ? shape : [2, 2];
      yield* this.#replaced(`${spec.name} in panels`, i, { ...slot, layout: PANELS, shape: matrix }, [
        spec.name,
      ]);
    }
  }

  *#shapeFaults(i: number, slot: Slot): Iterable<Fault> {
    const { spec, shape, layout } = slot;
    const words = wordsOf(spec);
    const bound = this.#boundBefore(i);
    const anyTensor = this.#call.contract.tensors.filter((other) => !isOutput(other)).map(({ name }) => name);
    if (layout === ROWS && (words[0] !== '...' || bound.has('...'))) {
      const other = shape.length < 3 ? [...shape, 1] : shape.slice(1);
      yield* this.#replaced(`${spec.name} of rank ${other.length}`, i, { ...slot, shape: other }, [
        spec.name,
      ]);
    }
    for (const [axis, word] of words.entries()) {
      const known = bound.has(word) || /^[\d@]/.test(word);
      if (!known && !this.#sharedLater(i, word)) continue;
      const other = shape.map((n, at) => (at === axis ? n + 1 : n));
      const names = known ? [spec.name] : anyTensor;
      yield* this.#replaced(`${spec.name} with axis ${axis} off`, i, { ...slot, shape: other }, names);
    }
  }

  *#aliasFaults(i: number, slot: Slot): Iterable<Fault> {
    if (!isWritten(slot.spec)) return;
    for (const [j, other] of this.#call.slots.entries()) {
      if (other === null || j === i) continue;
      const same =
        other.dtype === slot.dtype && other.layout === slot.layout && `${other.shape}` === `${slot.shape}`;
      // Where both are written, the first of them is named.
      const names = isWritten(other.spec) ? [slot.spec.name, other.spec.name] : [slot.spec.name];
      if (same)
        yield this.#with(`${other.spec.name} on the memory of ${slot.spec.name}`, j, this.#handles[i], names);
    }
  }

  *#numberFaults(): Iterable<Fault> {
    for (const [i, { name, min, max, integer, names }] of this.#call.contract.numbers.entries()) {
      const values: unknown[] = [
        NaN,
        Infinity,
        -Infinity,
        1e300,
        -1e300,
        max + Math.max(1, max / 2),
        min - 1,
      ];
      if (min < 0) values.pop();
      if (integer) values.push(min + 0.5, 2 ** 53);
      if (names !== null) values.push('', names[0].toUpperCase(), names.join(' '), '0');
      if (!names?.includes(this.#scripts.number as string)) values.push(this.#scripts.number);
      for (const value of values) {
        const numbers: unknown[] = [...this.#call.numbers];
        numbers[i] = value;
        // What is expected of an enumeration is said in its words.
        const expected = names ?? [];
        yield { ...this.#fault(`${name} ${String(value)}`, [name], { numbers }), expected };
      }
      if (names === null || !isIdle(this.#call, name)) continue;
      for (const word of names.slice(1)) {
        const numbers = this.#call.numbers.map((number, at): number | string => (at === i ? word : number));
        const expected = names.slice(0, 1);
        yield { ...this.#fault(`${name} ${word} of nothing`, [name], { numbers }), expected };
      }
    }
  }

  *#treeFaults(): Iterable<Fault> {
    const { foreign, forged, disposedTree, tree, tensor, program } = this.#strangers;
    const wrong = (what: string, handle: unknown, ...codes: Fault['codes']) =>
      this.#fault(`tree ${what}`, ['tree'], { tree: handle }, codes);
    yield wrong('of a wrong type', this.#scripts.handle ?? '1', 'SJ_WRONG_ARGUMENT');
    yield wrong('0', 0, 'SJ_WRONG_ARGUMENT');
    if (this.#tree === null) {
      yield wrong('given', tree, 'SJ_WRONG_ARGUMENT');
      return;
    }
    yield wrong('missing', null, 'SJ_WRONG_ARGUMENT');
    yield wrong('a tensor', tensor, 'SJ_WRONG_ARGUMENT');
    yield wrong('a program', program, 'SJ_WRONG_ARGUMENT');
    yield wrong('disposed', disposedTree, 'SJ_DISPOSED');
    yield wrong('forged', forged, 'SJ_FOREIGN', 'SJ_DISPOSED');
    for (const handle of foreign.trees) yield wrong('of another device', handle, 'SJ_FOREIGN');
  }

  *#listFaults(): Iterable<Fault> {
    const { numbers } = this.#call;
    const lists = { tensors: this.#handles, numbers };
    for (const [name, list] of Object.entries(lists)) {
      const wrong = { 'too long': [...list, 0], 'too short': list.slice(1), 'no list': this.#scripts.list };
      for (const [what, value] of Object.entries(wrong)) {
        if (what === 'too short' && list.length === 0) continue;
        yield this.#fault(`${name} ${what}`, [name], { [name]: value });
      }
    }
  }

  /** Symbols with a size before tensor `i` is looked at: those of the tree and of the tensors before it. */
  #boundBefore(i: number): Set<string> {
    const { slots, contract } = this.#call;
    const before = slots.slice(0, i).flatMap((slot) => (slot === null ? [] : wordsOf(slot.spec)));
    return new Set(contract.tree ? ['T', ...before] : before);
  }

  #sharedLater(i: number, word: string): boolean {
    if (WITH_RULES.includes(this.#call.contract.op) && RELATED.includes(word)) return true;
    return this.#call.slots.some((slot, j) => slot !== null && j > i && wordsOf(slot.spec).includes(word));
  }

  /** The call with another tensor in slot `i`, which is freed when the fault has been tried. */
  *#replaced(name: string, i: number, slot: Slot, names: string[]): Iterable<Fault> {
    const handle = place(this.#device, slot);
    try {
      yield this.#with(name, i, handle, names);
    } finally {
      this.#device.dispose(handle);
    }
  }

  #with(name: string, i: number, handle: unknown, names: string[], codes?: Fault['codes']): Fault {
    const tensors: unknown[] = [...this.#handles];
    tensors[i] = handle;
    return this.#fault(name, names, { tensors }, codes);
  }

  #fault(
    name: string,
    names: string[],
    change: Partial<RawCall>,
    codes: Fault['codes'] = ['SJ_WRONG_ARGUMENT'],
  ): Fault {
    const raw = { tensors: [...this.#handles], numbers: this.#call.numbers, tree: this.#tree, ...change };
    return { name, codes, arguments: names, raw };
  }
}
