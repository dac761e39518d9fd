/**
 * The native surface: devices that run ops on a stream of their own, and a few functions that need no device.
 *
 * Every error is a JavaScript `Error` with own properties (see {@link NativeError}).
 */

/** 0 float32, 1 bf16, 2 int32. */
export type NativeDType = 0 | 1 | 2;

/** 0 rows: contiguous row-major. 1 panels: a matrix packed for the matrix ops, made by the op `pack`. */
export type NativeLayout = 0 | 1;

/** A new tensor. `shape` has 1 to 3 dimensions, each at least 1. */
export interface NativeTensor {
  /** A safe integer, never 0. A handle that was disposed is refused, even when its slot is used again. */
  handle: number;
  dtype: NativeDType;
  layout: NativeLayout;
  shape: number[];
}

/** What every native error carries besides `message`. */
export interface NativeError extends Error {
  /**
   * `SJ_WRONG_ARGUMENT`; `SJ_DISPOSED`: a disposed tensor or tree, or a closed device; `SJ_FOREIGN`: a handle of
   * another device or environment; `SJ_OUT_OF_MEMORY`; `SJ_FAULT`: a command failed while running; `SJ_INTERNAL`.
   */
  code: 'SJ_WRONG_ARGUMENT' | 'SJ_DISPOSED' | 'SJ_FOREIGN' | 'SJ_OUT_OF_MEMORY' | 'SJ_FAULT' | 'SJ_INTERNAL';
  /** The op or method. */
  op: string;
  /** Which argument. Not set on a fault, as the next two. */
  argument?: string;
  expected?: string;
  received?: string;
  /** Of a fault: which command of the stream failed, counting uploads, reads and syncs, from 1. */
  sequence?: number;
  /** Of a fault: what the op said, for example the token id that is out of range. */
  cause?: string;
}

/** Bytes. */
export interface NativeMemory {
  /** In tensors with at least one handle. */
  live: number;
  /** Kept for reuse; given back when memory runs out. */
  cached: number;
  /** The largest `live` (workspace included) since the start or the last `resetPeak()`. */
  peak: number;
  /** The part of `live` that is in layout panels. */
  packed: number;
}

/** Work that was enqueued. Whole numbers, exact up to 2^53. */
export interface NativeWork {
  calls: number;
  /** Of matrix products, attention and the head, as the maths is written: 2 M N K a product. Other ops count none. */
  flops: number;
  /**
   * Device memory that the calls must move at least: each input read once, each output written once, what is changed in
   * place both, by the size of their storage. Where rows are picked out of a tensor, the rows; a row named twice counts
   * twice. Uploads, reads and scratch memory are left out.
   */
  bytes: number;
}

export interface NativeCounters extends NativeWork {
  /** The same by op, those called at least once, in the order of `contracts()`. */
  ops: ({ op: string } & NativeWork)[];
}

/**
 * A device of this environment (thread): one stream, one allocator, one set of handles. Methods return at once;
 * only the promises of `read` and `sync` wait. They keep the event loop alive while they are pending.
 *
 * When a command fails while running (a fault), the commands after it are skipped, pending reads and syncs reject with
 * the fault, and `enqueue` and `upload` throw it until `recover()`.
 */
export class NativeDevice {
  /**
   * `kind`: 'cpu', 'cuda' or 'cuda:N'.
   * @throws SJ_WRONG_ARGUMENT for another kind, when SELFJUDGE_CPU names a path this processor lacks, or when no GPU can
   * be used; `received` then says why and what to do.
   */
  constructor(kind: string);
  /** 'cpu'. */
  readonly name: string;
  /** The kernel path in use: 'avx512', 'avx2' or 'portable'; on a GPU its architecture, 'sm_80' or 'sm_90a'. */
  readonly path: string;
  /** The hardware, in words. */
  readonly description: string;

  /**
   * Runs an op. Shapes are checked, and outputs allocated, before it returns; memory of a tensor disposed afterwards
   * is reused only by later calls.
   *
   * @param op its name in `contracts()`.
   * @param tensors a handle for every tensor of the contract, in its order; null for absent ones and for outputs.
   *   Tensors with role `inout` are changed in place and must not overlap any other.
   * @param numbers every number of the contract, in its order; of an enumeration a word of it, or the word's place.
   * @param tree a handle of `tree()` for ops that take one, else null.
   * @returns one entry for each output of the contract, in its order, null where this call does not produce it.
   * @throws SJ_WRONG_ARGUMENT, SJ_DISPOSED, SJ_FOREIGN, SJ_OUT_OF_MEMORY, SJ_FAULT.
   */
  enqueue(
    op: string,
    tensors: (number | null)[],
    numbers: (number | string)[],
    tree: number | null,
  ): (NativeTensor | null)[];

  /** A tensor whose elements are not initialised. Layout panels: shape is [N, K], dtype float32 or bf16. */
  empty(dtype: NativeDType, shape: number[], layout: NativeLayout): NativeTensor;

  /**
   * A tensor with a copy of `data`, which may change as soon as this returns. Float32Array for float32, Int32Array for
   * int32; bf16 takes its bits as a Uint16Array, or a Float32Array that is rounded to nearest even.
   */
  upload(data: Float32Array | Int32Array | Uint16Array, dtype: NativeDType, shape: number[]): NativeTensor;

  /**
   * The elements once every command before this has run: Int32Array for int32, else Float32Array (bf16 widened). The
   * handle may be disposed at once. Layout rows only; `unpack` panels first.
   */
  read(handle: number): Promise<Float32Array | Int32Array>;

  /**
   * The elements from `offset` on, as another shape; shares memory with `handle`. Of layout panels [N, K]: rows of it,
   * [n, K], from a multiple of 48 K on; n is a multiple of 48 too, or all that is left.
   */
  view(handle: number, offset: number, shape: number[]): NativeTensor;

  /** Another handle of the same tensor, to be disposed on its own. */
  retain(handle: number): number;

  /** The handle is dead afterwards; memory is freed with the last handle that sees it. Queued commands keep working. */
  dispose(handle: number): void;

  /**
   * A prefix tree of rows from flat triples (start, length, parent): parents first (-1 for a root), segments cover the
   * rows in order, lengths are at least 1.
   */
  tree(segments: Int32Array): number;
  disposeTree(handle: number): void;

  /**
   * Between begin and end, ops run as always and are kept as a Program. What they make lies in memory of its own, so
   * runProgram writes into the tensors that recording returned. Uploads and reads throw meanwhile.
   */
  beginProgram(): void;
  endProgram(): number;
  /** Ends recording and keeps nothing. */
  cancelProgram(): void;
  /**
   * @param reads what its calls of `tree_attention_pool` read, for `counters()`, which cannot look into the tensors: of each
   *   window (0: none) three numbers in turns, the window, the pairs of a row and a key it sees, and the distinct keys. Calls
   *   with a window that is not here count none.
   */
  runProgram(handle: number, reads?: readonly number[]): void;
  disposeProgram(handle: number): void;

  /** Resolves when every command before this has run; rejects with the fault if there was one. */
  sync(): Promise<void>;

  /** After a fault: calls work again. What the skipped commands should have written is undefined. */
  recover(): void;

  memory(): NativeMemory;
  /** Sets `peak` to what is live now. */
  resetPeak(): void;

  /** Of all ops enqueued since the device was opened, those of Programs included. Cheap; never waits. */
  counters(): NativeCounters;

  /**
   * For tests: the allocation and the command that many from now on (1: the next) fail, with SJ_OUT_OF_MEMORY and a
   * fault; 0 or left out: none. Commands are ops, uploads that wait their turn, reads, syncs and runs of Programs.
   * `wait`: the failing command is waited for, so that the very next call meets its fault.
   */
  failAfter(injected: { allocations?: number; commands?: number; wait?: boolean }): void;

  /**
   * Waits for the running command, drops the rest, frees all memory. Pending promises reject with SJ_DISPOSED, later
   * calls throw it. Closing twice is fine.
   */
  close(): void;
}

export interface NativeContract {
  op: string;
  tensors: {
    name: string;
    role: 'in' | 'optional' | 'inout' | 'inout_optional' | 'out';
    /** 'float32', 'bf16', 'int32'. */
    dtypes: string[];
    /** Symbols, integers, '@number' and '...', separated by spaces. */
    shape: string;
    panels: boolean;
    /** The tensor whose dtype this one has. */
    like: string | null;
    /** An output that is produced only when this tensor is given or this number is not 0. */
    when: string | null;
  }[];
  numbers: {
    name: string;
    min: number;
    max: number;
    integer: boolean;
    /** Of an enumeration: its words, each of which stands for its place, 0 to max. */
    names: string[] | null;
  }[];
  tree: boolean;
}

/** What every op takes and returns. */
export function contracts(): NativeContract[];

/** Types of GGUF tensors that are read. */
export type GgufType =
  | 'F32'
  | 'F16'
  | 'BF16'
  | 'Q8_0'
  | 'Q4_0'
  | 'Q4_1'
  | 'Q5_0'
  | 'Q5_1'
  | 'Q2_K'
  | 'Q3_K'
  | 'Q4_K'
  | 'Q5_K'
  | 'Q6_K'
  | 'IQ4_NL'
  | 'IQ4_XS';

/**
 * `count` values of GGUF blocks as float32, with the bits of the Python package gguf. Blocks hold 32 values (Q2_K to Q6_K
 * and IQ4_XS: 256), and `count` is a whole number of them.
 * @param out where to, of `count` values; left out, a new array. It is returned.
 * @throws SJ_WRONG_ARGUMENT: unknown type, wrong count, too few bytes, another `out`.
 */
export function dequantize(
  type: GgufType,
  data: Uint8Array,
  count: number,
  out?: Float32Array,
): Float32Array;

/**
 * float32 values as GGUF blocks, with the bits of the Python package gguf. Blocks of Q8_0 and Q4_0 hold 32 values, and
 * there must be a whole number of them. `unfit` is the first value that the type has no number for (NaN, infinite, or too
 * large: above 65504 for F16, 0x7f7f for BF16, 127 times 65504 for Q8_0, 8 times for Q4_0), -1 for none; `data` is
 * unfinished where there is one.
 * @throws SJ_WRONG_ARGUMENT: unknown type, wrong number of values.
 */
export function quantize(
  type: 'F16' | 'BF16' | 'Q8_0' | 'Q4_0',
  values: Float32Array,
): { data: Uint8Array; unfit: number };

/** What there is to say of values that were scanned: of one array, or of several as if they were one. */
export interface ValueScan {
  /** 128 bits over the bytes, in hexadecimal: tells whether contents changed, and is no proof against intent. */
  hash: string;
  /** The first NaN or infinity; -1: none. */
  notFinite: number;
  /** What the scan of the values that follow goes on from. */
  state: Uint8Array;
}

/**
 * One pass over float32 values or the bits of bf16 values.
 * @param before the `state` after the values that these follow; left out, these are the first.
 * @throws SJ_WRONG_ARGUMENT for another kind of array, also than those before.
 */
export function scanValues(values: Float32Array | Uint16Array, before?: Uint8Array): ValueScan;

/** The processor: features the operating system lets us use, kernel paths it can run (fastest first), workers. */
export function cpuInfo(): {
  vendor: string;
  family: number;
  model: number;
  features: string[];
  paths: string[];
  threads: number;
};

/** Workers of the CPU pool of this process: what affinity and the cgroup allow. */
export function workerCount(): number;

/** Uses at most this many workers from now on, in the whole process: 1 .. workerCount(). Results do not depend on it. */
export function setWorkerLimit(workers: number): void;

/**
 * For tests that results do not depend on it. Gathered, every job of an op that has two tasks or more is split, however
 * small; its workers wait for each other before they begin, and each runs its own tasks alone.
 * @returns how many jobs ran so until now, in the whole process.
 */
export function gatherWorkers(gathered: boolean): number;

/** Where the CUDA module of this build lies, if there is one; SELFJUDGE_CUDA_MODULE names another, for tests. */
export const cudaModule: string;

/**
 * Processes of one MPI job (native/mpi/mpi.cpp). Calls block the thread; all ranks make the same ones in the same order.
 * Errors are plain: MPI's own words, or past `limit` seconds `silent`, the ranks that did not answer.
 */
export interface NativeMpi {
  /** Once a process. `localRank` and `localSize` are among the ranks of one machine. */
  init(): { rank: number; size: number; localRank: number; localSize: number; library: string };
  /** What every rank gives, in the order of ranks; at most 256 MiB each. */
  gather(own: Uint8Array, limit: number): Uint8Array[];
  /** Values to `peer` and as many from it. */
  exchange(own: Float32Array, peer: number, limit: number): Float32Array;
  /** Ends every process of the job with this exit code. */
  abort(code: number): void;
  /** Closes MPI, by all, and ends the process: nothing else that listens to its exit runs after that. */
  leave(code: number): never;
}

/** Loads the module that `pnpm setup:mpi` compiles. @throws Node's error where it is not there or cannot be loaded */
export function openMpi(): NativeMpi;

/** The launcher that goes with it and its version in words; undefined where the module was not made. */
export function mpiBuild(): { mpirun: string; version: string } | undefined;
