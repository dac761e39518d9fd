import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll } from 'vitest';
import { arg, describeWrongCalls, entry } from '@selfjudge/testing/wrongCalls';
import { except, given, notFunction, notList, notText, notWhole } from '@selfjudge/testing/wrongValues';
import * as base from './index.js';

const { Random } = base;
const random = new Random(1);
const folder = mkdtempSync(join(tmpdir(), 'selfjudge-wrong-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
writeFileSync(at('file'), '');
/** A place that cannot be written to: below a file. */
const notPlace = fc.oneof(notText, fc.constantFrom('', '\0', join(at('file'), 'below')));

const errors = [
  'Argument',
  'Config',
  'Data',
  'Disposed',
  'Fault',
  'FileFormat',
  'FileSystem',
  'Foreign',
  'Hub',
  'OutOfMemory',
  'Rank',
];

describeWrongCalls({
  exports: base,
  table: {
    'new Random': entry((seed: number, stream: number) => new Random(seed, stream), {
      seed: arg(1, notWhole(Number.MIN_SAFE_INTEGER)),
      stream: arg(1, given(notWhole(0, 2 ** 32 - 1))),
    }),
    'Random#below': entry((n: number) => random.below(n), { n: arg(3, notWhole(1)) }),
    'Random#choice': entry((items: number[]) => random.choice(items), {
      items: arg([1], fc.oneof(notList, fc.constant([]))),
    }),
    'Random#shuffled': entry((items: number[]) => random.shuffled(items), { items: arg([1], notList) }),
    'Random#sample': entry((items: number[], count: number) => random.sample(items, count), {
      items: arg([1], notList),
      count: arg(1, notWhole(0)),
    }),
    mean: entry(base.mean, {
      values: arg(
        [1, 2],
        fc.oneof(
          notList.filter((x) => !ArrayBuffer.isView(x)),
          fc.constantFrom(['1'], [undefined], [1n]),
        ),
      ),
    }),
    nearest: entry(base.nearest, {
      word: arg('a', notText),
      known: arg(
        ['b'],
        fc.oneof(
          except((v) => typeof v === 'object' && v !== null && Symbol.iterator in v),
          fc.constantFrom([1], [undefined]),
        ),
      ),
    }),
    atomicWrite: entry(base.atomicWrite, {
      path: arg(at('bytes'), notPlace),
      chunks: arg(
        [new Uint8Array(1)],
        except((v) => Array.isArray(v) && v.length === 0).filter((v) => !(v instanceof Map)),
      ),
    }),
    writeJson: entry(base.writeJson, {
      path: arg(at('json'), notPlace),
      value: arg(
        { a: 1 },
        fc.oneof(
          fc.constantFrom<unknown>(undefined, 1n, Symbol('x'), { a: 1n }),
          notFunction.map(() => () => 1),
        ),
      ),
    }),
  },
  without: {
    'takes no argument': ['Random#normal', 'Random#uint32', 'Random#uniform'],
    'makes an error: one in its place would hide it': [
      'new SelfjudgeError',
      ...errors.map((name) => `new ${name}Error`),
    ],
    'takes any value': ['isError', 'fileSystemError', 'show'],
    'for the packages above alone, which have checked what they hand on': [
      ...['close', 'commit', 'discard', 'guarded', 'write'].map((method) => `PendingFile#${method}`),
      'new PendingFile',
      'atomicWriteSync',
      'makeFolder',
      'readJson',
      'readJsonObject',
      'shellWord',
      'syncPath',
    ],
  },
  atLeast: 100,
});
