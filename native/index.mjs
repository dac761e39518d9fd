// The addon's JavaScript surface; importing it opens no file. See index.d.mts for what everything means.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

// SELFJUDGE_NATIVE_MODULE names another build of the addon, for tests.
const file =
  process.env.SELFJUDGE_NATIVE_MODULE ??
  fileURLToPath(new URL('./build/Release/selfjudge_native.node', import.meta.url));

function load() {
  try {
    return createRequire(import.meta.url)(file);
  } catch (cause) {
    const missing = cause?.code === 'MODULE_NOT_FOUND';
    const reason = missing ? 'has not been built' : `cannot be loaded (${cause?.message})`;
    throw new Error(`The native addon ${file} ${reason}. Run: pnpm build`, { cause });
  }
}

let loaded;
/** The addon, opened by the first call that needs it. */
const addon = () => (loaded ??= load());

export const contracts = () => addon().contracts();
export const dequantize = (...args) => addon().dequantize(...args);
export const quantize = (...args) => addon().quantize(...args);
export const scanValues = (...args) => addon().scanValues(...args);
export const cpuInfo = () => addon().cpuInfo();
export const workerCount = () => addon().workerCount();
export const setWorkerLimit = (...args) => addon().setWorkerLimit(...args);
export const gatherWorkers = (...args) => addon().gatherWorkers(...args);

/** Where the CUDA module of this build lies, if there is one; SELFJUDGE_CUDA_MODULE names another, for tests. */
export const cudaModule =
  process.env.SELFJUDGE_CUDA_MODULE ??
  fileURLToPath(new URL('./build/Release/selfjudge_cuda.so', import.meta.url));

let described;
/**
 * How a call's arguments lie in the mailbox (addon/device.cpp): tensors from 0, numbers from `numbers`; outputs come back
 * from 0 on, `output` values each: handle, dtype, layout, rank, and the dims from `dims`. `ops`: what an op takes, by name.
 */
function describe() {
  const ops = new Map();
  for (const [index, { op, tensors, numbers }] of contracts().entries()) {
    const outputs = tensors.filter((tensor) => tensor.role === 'out').length;
    ops.set(op, { index, tensors, numbers, outputs });
  }
  return { ...addon().mailbox, ops };
}

function wrongArgument(op, argument, expected, value) {
  const received =
    value === null || value === undefined || typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : typeof value === 'string'
        ? `'${value}'`
        : Array.isArray(value)
          ? `an array of ${value.length}`
          : `a value of type ${typeof value}`;
  const error = new Error(`[${op}] ${argument}: expected ${expected}, received ${received}`);
  return Object.assign(error, { code: 'SJ_WRONG_ARGUMENT', op, argument, expected, received });
}

function checkList(op, argument, value, length) {
  if (!Array.isArray(value) || value.length !== length) {
    throw wrongArgument(op, argument, `an array of ${length}`, value);
  }
}

/** The place of a word in the enumeration that an op's number is. */
function placeOf(op, { name, names }, word) {
  const place = names?.indexOf(word) ?? -1;
  if (place >= 0) return place;
  throw wrongArgument(op, name, names === null ? 'a number' : `one of ${names.join(', ')}`, word);
}

export class NativeDevice {
  #raw;
  #box;
  #calls = (described ??= describe());
  name;
  path;
  description;

  constructor(kind) {
    this.#raw = new (addon().RawDevice)(kind);
    this.#box = this.#raw.mailbox;
    this.name = this.#raw.name;
    this.path = this.#raw.path;
    this.description = this.#raw.description;
  }

  enqueue(op, tensors, numbers, tree) {
    const { ops, numbers: firstNumber, output, dims } = this.#calls;
    const call = ops.get(op);
    if (call === undefined) throw wrongArgument('enqueue', 'op', 'the name of an op', op);
    const box = this.#box;
    checkList(op, 'tensors', tensors, call.tensors.length);
    for (let i = 0; i < tensors.length; i++) {
      const handle = tensors[i];
      if (handle === null) box[i] = 0;
      else if (typeof handle === 'number' && handle !== 0) box[i] = handle;
      else throw wrongArgument(op, call.tensors[i].name, 'a handle or null', handle);
    }
    checkList(op, 'numbers', numbers, call.numbers.length);
    for (let i = 0; i < numbers.length; i++) {
      const number = numbers[i];
      box[firstNumber + i] = typeof number === 'number' ? number : placeOf(op, call.numbers[i], number);
    }
    // 0 tells the addon that there is none; given by a caller it is no handle.
    if (tree === 0) throw wrongArgument(op, 'tree', 'a handle or null', tree);
    this.#raw.run(call.index, tree ?? 0);
    const outputs = [];
    for (let at = 0; at < call.outputs * output; at += output) {
      if (box[at] === 0) {
        outputs.push(null);
        continue;
      }
      const shape = [box[at + dims]];
      for (let axis = 1; axis < box[at + 3]; axis++) shape.push(box[at + dims + axis]);
      outputs.push({ handle: box[at], dtype: box[at + 1], layout: box[at + 2], shape });
    }
    return outputs;
  }

  empty(dtype, shape, layout) {
    return this.#raw.empty(dtype, shape, layout);
  }
  upload(data, dtype, shape) {
    return this.#raw.upload(data, dtype, shape);
  }
  read(handle) {
    return this.#raw.read(handle);
  }
  view(handle, offset, shape) {
    return this.#raw.view(handle, offset, shape);
  }
  retain(handle) {
    return this.#raw.retain(handle);
  }
  dispose(handle) {
    this.#raw.dispose(handle);
  }
  tree(segments) {
    return this.#raw.tree(segments);
  }
  disposeTree(handle) {
    this.#raw.disposeTree(handle);
  }
  beginProgram() {
    this.#raw.beginProgram();
  }
  endProgram() {
    return this.#raw.endProgram();
  }
  cancelProgram() {
    this.#raw.cancelProgram();
  }
  runProgram(handle, reads = []) {
    this.#raw.runProgram(handle, reads);
  }
  disposeProgram(handle) {
    this.#raw.disposeProgram(handle);
  }
  sync() {
    return this.#raw.sync();
  }
  recover() {
    this.#raw.recover();
  }
  memory() {
    return this.#raw.memory();
  }
  resetPeak() {
    this.#raw.resetPeak();
  }
  counters() {
    const flat = this.#raw.counters();
    const all = { calls: 0, flops: 0, bytes: 0, ops: [] };
    for (const [op, { index }] of this.#calls.ops) {
      const [calls, flops, bytes] = flat.subarray(3 * index, 3 * index + 3);
      if (calls === 0) continue;
      all.ops.push({ op, calls, flops, bytes });
      all.calls += calls;
      all.flops += flops;
      all.bytes += bytes;
    }
    return all;
  }
  failAfter(injected) {
    if (typeof injected !== 'object' || injected === null)
      throw wrongArgument('failAfter', 'injected', 'an object', injected);
    const { allocations = 0, commands = 0, wait = false } = injected;
    this.#raw.failAfter(allocations, commands, Number(wait));
  }
  close() {
    this.#raw.close();
  }
}

const mpiFile = (ending) => fileURLToPath(new URL(`./build/Release/selfjudge_mpi.${ending}`, import.meta.url));
/**
 * Open MPI and UCX rewrite the code of munmap, brk and their kin to see memory go, while threads of Node run it. UCX tries that by
 * sbrk(page) and sbrk(-page): where the heap cannot grow, as V8 has code behind it, the second takes away a page that is in use. What
 * they gain is for networks that register memory.
 */
const MPI_ENVIRONMENT = { OMPI_MCA_memory: '^patcher', UCX_MEM_EVENTS: 'no', UCX_MEM_MMAP_HOOK_MODE: 'none' };

/** The module of ranks. Throws Node's own error where it is not there or its MPI is not. */
export function openMpi() {
  // Read when the libraries are loaded; a variable that is set already stays.
  for (const [name, value] of Object.entries(MPI_ENVIRONMENT)) process.env[name] ??= value;
  return createRequire(import.meta.url)(mpiFile('node'));
}
/** What it was compiled with; undefined where it was not made. */
export const mpiBuild = () =>
  existsSync(mpiFile('json')) ? JSON.parse(readFileSync(mpiFile('json'), 'utf8')) : undefined;
