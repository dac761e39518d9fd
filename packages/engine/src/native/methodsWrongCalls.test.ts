import * as native from '@selfjudge/native';
import fc from 'fast-check';
import { afterAll, beforeAll, expect } from 'vitest';
import { F32, PANELS, ROWS, openNative } from '@selfjudge/testing/native';
import { arg, describeWrongCalls, entry, except, noneOf, notFlag, notHandle, notList, notText, notWhole } from '@selfjudge/testing/wrongCalls';

const { NativeDevice } = native;
const { device, floats } = openNative();
const other = new NativeDevice('cpu');
const segments = new Int32Array([0, 1, -1]);
const canary = floats([20, 22]);
const tensor = floats([1, 2, 3, 4], [2, 2]);
const panels = device.empty(F32, [2, 2], PANELS).handle;
const tree = device.tree(segments);
const program = recorded();
const dead = { tensor: floats([1]), tree: device.tree(segments), program: recorded() };
let live = 0;

function recorded(): number {
  device.beginProgram();
  device.enqueue('fill', [canary], [21], null);
  return device.endProgram();
}

beforeAll(async () => {
  device.dispose(dead.tensor);
  device.disposeTree(dead.tree);
  device.disposeProgram(dead.program);
  device.runProgram(program);
  await device.sync();
  live = device.memory().live;
});
afterAll(() => {
  other.close();
  device.close();
});

const anyNumber = fc.oneof(notHandle, fc.constant(null), fc.constant(2 ** 60));
const strange = fc.oneof(
  anyNumber,
  fc.maxSafeNat().filter((handle) => handle > 0),
  fc.constant(other.upload(new Float32Array(1), F32, [1]).handle),
);
const notTensor = fc.oneof(strange, fc.constantFrom(tree, program, dead.tensor));
const notTree = fc.oneof(strange, fc.constantFrom(tensor, program, dead.tree));
const notProgram = fc.oneof(strange, fc.constantFrom(tensor, tree, dead.program));
const dtypes = noneOf(0, 1, 2);
const notShape = fc.oneof(
  notList,
  fc.constantFrom(
    [],
    [1, 1, 1, 1],
    [0],
    [-1],
    [2.5],
    [NaN],
    [Infinity],
    ['2'],
    [undefined],
    [2 ** 53, 2 ** 53],
  ),
);

describeWrongCalls({
  exports: native,
  table: {
    dequantize: entry(native.dequantize, {
      type: arg('F32', fc.oneof(notText, noneOf('F32'))),
      data: arg(
        new Uint8Array(4),
        fc.oneof(
          except((value) => value instanceof Uint8Array),
          fc.constantFrom(new Uint8Array(3)),
        ),
      ),
      count: arg(1, notWhole(0, 2 ** 31)),
      out: arg(
        new Float32Array(1),
        fc.oneof(
          except((value) => value === undefined),
          fc.constantFrom(new Float32Array(2), new Uint8Array(4)),
        ),
      ),
    }),
    quantize: entry(native.quantize, {
      type: arg('Q8_0', fc.oneof(notText, noneOf('Q8_0'))),
      values: arg(
        new Float32Array(32),
        fc.oneof(
          except((value) => value instanceof Float32Array),
          fc.constantFrom(new Float32Array(31)),
        ),
      ),
    }),
    scanValues: entry(native.scanValues, {
      values: arg(
        new Float32Array(2),
        except((value) => value instanceof Float32Array || value instanceof Uint16Array),
      ),
      before: arg(
        native.scanValues(new Float32Array(1)).state,
        fc.oneof(
          except((value) => value === undefined),
          fc.constantFrom(new Uint8Array(3), native.scanValues(new Uint16Array(1)).state),
        ),
      ),
    }),
    gatherWorkers: entry(native.gatherWorkers, { gathered: arg(false, notFlag) }),
    setWorkerLimit: entry(native.setWorkerLimit, { workers: arg(1, notWhole(1, native.workerCount())) }),
    'new NativeDevice': entry((kind: string) => new NativeDevice(kind).close(), {
      kind: arg(
        'cpu',
        fc.oneof(
          notText,
          noneOf('cpu').filter((kind) => typeof kind === 'string' && !kind.startsWith('cuda')),
          fc.constantFrom('cpu:0', 'cuda:', 'cuda:x'),
        ),
      ),
    }),
    'NativeDevice#enqueue': entry((op: string) => device.enqueue(op, [canary], [21], null), {
      op: arg(
        'fill',
        except((value) => value === 'fill'),
      ),
    }),
    'NativeDevice#empty': entry(
      (dtype: 0, shape: number[], layout: 0) => device.dispose(device.empty(dtype, shape, layout).handle),
      { dtype: arg(F32, dtypes), shape: arg([2, 2], notShape), layout: arg(ROWS, noneOf(0, 1)) },
    ),
    'NativeDevice#upload': entry(
      (data: Float32Array, dtype: 0, shape: number[]) =>
        device.dispose(device.upload(data, dtype, shape).handle),
      {
        data: arg(
          new Float32Array(4),
          fc.oneof(
            except(() => false),
            fc.constantFrom(new Float32Array(3), new Int32Array(4), new Uint16Array(4)),
          ),
        ),
        dtype: arg(F32, dtypes),
        shape: arg([2, 2], notShape),
      },
    ),
    'NativeDevice#read': entry((handle: number) => device.read(handle), {
      handle: arg(tensor, fc.oneof(notTensor, fc.constant(panels))),
    }),
    'NativeDevice#view': entry(
      (handle: number, offset: number, shape: number[]) =>
        device.dispose(device.view(handle, offset, shape).handle),
      {
        handle: arg(tensor, notTensor),
        offset: arg(2, notWhole(0, 2)),
        shape: arg([2], fc.oneof(notShape, fc.constantFrom([3], [2, 2]))),
      },
    ),
    'NativeDevice#retain': entry((handle: number) => device.dispose(device.retain(handle)), {
      handle: arg(tensor, notTensor),
    }),
    'NativeDevice#dispose': entry((handle: number) => device.dispose(handle), {
      handle: arg(() => device.retain(tensor), notTensor),
    }),
    'NativeDevice#tree': entry((triples: Int32Array) => device.disposeTree(device.tree(triples)), {
      segments: arg(
        segments,
        fc.oneof(
          except(() => false),
          fc.array(fc.integer(), { maxLength: 9 }).map((triples) => Int32Array.from(triples)),
        ),
      ),
    }),
    'NativeDevice#disposeTree': entry((handle: number) => device.disposeTree(handle), {
      tree: arg(() => device.tree(segments), notTree),
    }),
    'NativeDevice#runProgram': entry(
      (handle: number, reads: readonly number[]) => device.runProgram(handle, reads),
      {
        program: arg(program, notProgram),
        reads: arg([0, 1, 1], fc.constantFrom(null, 1, 'a', [1], [0, -1, 0], [0, 1, 0.5], ['a', 0, 0])),
      },
    ),
    'NativeDevice#disposeProgram': entry((handle: number) => device.disposeProgram(handle), {
      program: arg(recorded, notProgram),
    }),
    'NativeDevice#failAfter': entry((injected: object) => device.failAfter(injected), {
      injected: arg({}, fc.constantFrom(undefined, null, 1, 'a', true)),
    }),
  },
  without: {
    'takes no argument': [
      'contracts',
      'cpuInfo',
      'mpiBuild',
      'openMpi',
      'workerCount',
      ...[
        'beginProgram',
        'endProgram',
        'cancelProgram',
        'sync',
        'recover',
        'memory',
        'resetPeak',
        'counters',
        'close',
      ].map((method) => `NativeDevice#${method}`),
    ],
  },
  runs: 30,
  atLeast: 600,
  unharmed: async () => {
    expect(device.memory().live).toBe(live);
    const [sum] = device.enqueue('add', [canary, canary, null], [], null);
    expect(await device.read(sum!.handle)).toEqual(new Float32Array([42, 42]));
    device.dispose(sum!.handle);
  },
});
