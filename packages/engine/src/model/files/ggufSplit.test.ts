import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';

import { FileFormatError } from '@selfjudge/base';
import { GgufBuilder } from '@selfjudge/testing/ggufBuilder';
import { firstShards, readSplitGguf } from './ggufSplit.js';

const folder = mkdtempSync(join(tmpdir(), 'gguf-split-'));
beforeEach(() => readdirSync(folder).forEach((name) => rmSync(join(folder, name))));
afterAll(() => rmSync(folder, { recursive: true }));

const at = (no: number, count = 3, extension = '.gguf') =>
  join(folder, `m-0000${no}-of-0000${count}${extension}`);

interface Keys {
  no?: number;
  count?: number | bigint;
  total?: number;
}

/** As llama.cpp's gguf-split writes them: the model's own metadata in the first shard alone, split.* in all. */
function shard(
  place: number,
  { no = place - 1, count = 3, total = 3 }: Keys = {},
  without = '',
): GgufBuilder {
  const file = new GgufBuilder();
  if (place === 1) file.value('general.architecture', 'string', 'llama');
  if (without !== 'split.no') file.value('split.no', 'u16', no);
  if (without !== 'split.count') file.value('split.count', 'u64', count);
  if (without !== 'split.tensors.count') file.value('split.tensors.count', 'i32', total);
  return file.tensor(`t${place}`, 0, [1], new Uint8Array(Float32Array.of(place).buffer));
}

function write(...files: GgufBuilder[]): void {
  files.forEach((file, i) => writeFileSync(at(i + 1), file.bytes()));
}

const threeShards = () => [shard(1), shard(2), shard(3)];

describe('readSplitGguf', () => {
  it.each([1, 2, 3])('gives all tensors and the metadata of the first, opened by shard %i', (no) => {
    write(...threeShards());
    const file = readSplitGguf(at(no));
    expect(file.path).toBe(at(1));
    expect(file.metadata.get('general.architecture')).toBe('llama');
    expect([...file.tensors].map(([name, { path }]) => [name, path])).toEqual([
      ['t1', at(1)],
      ['t2', at(2)],
      ['t3', at(3)],
    ]);
    expect(['t1', 't2', 't3'].map((name) => [...file.read(name)])).toEqual([[1], [2], [3]]);
  });

  it('takes a path from the working folder, and names that end in .GGUF', () => {
    threeShards().forEach((file, i) => writeFileSync(at(i + 1, 3, '.GGUF'), file.bytes()));
    const file = readSplitGguf(relative('.', at(2, 3, '.GGUF')));
    expect([...file.tensors.keys()]).toEqual(['t1', 't2', 't3']);
  });

  it('reads a file of one shard, or of none', () => {
    writeFileSync(at(1, 1), shard(1, { count: 1, total: 1 }).bytes());
    writeFileSync(join(folder, 'whole.gguf'), shard(1, { count: 1, total: 1 }).bytes());
    expect([...readSplitGguf(at(1, 1)).tensors.keys()]).toEqual(['t1']);
    expect([...readSplitGguf(join(folder, 'whole.gguf')).tensors.keys()]).toEqual(['t1']);
  });

  it.each([1, 2, 3])('names shard %i where it is missing', (no) => {
    write(...threeShards());
    rmSync(at(no));
    const given = [1, 2, 3].find((other) => other !== no)!;
    expect(existsSync(at(given))).toBe(true);
    expect(() => readSplitGguf(at(given))).toThrow(FileFormatError);
    expect(() => readSplitGguf(at(given))).toThrow(
      `all 3 shards of the model beside it (split.count 3), received no m-0000${no}-of-00003.gguf`,
    );
  });

  it.each<[string, (files: GgufBuilder[]) => GgufBuilder[], RegExp]>([
    [
      'a shard of a model of more shards',
      ([a, b]) => [a, b, shard(3, { count: 4 })],
      /m-00003-of-00003.gguf: expected split.count 3, received 4/,
    ],
    [
      'shards whose places were swapped',
      ([a, b, c]) => [a, c, b],
      /m-00002-of-00003.gguf: expected split.no 1, received 2/,
    ],
    [
      'a shard without its place',
      ([a, b]) => [a, b, shard(3, {}, 'split.no')],
      /m-00003-of-00003.gguf: expected split.no 2, received none/,
    ],
    [
      'a shard that is a whole model',
      ([a, , c]) => [a, shard(2, {}, 'split.count'), c],
      /m-00002-of-00003.gguf: expected split.count 3, received none/,
    ],
    [
      'fewer tensors than there were',
      (files) => [1, 2, 3].map((place) => shard(place, { total: 4 })).slice(0, files.length),
      /m-00001-of-00003.gguf: expected split.tensors.count 4 tensors in 3 shards, received 3/,
    ],
    [
      'a shard of a model of more tensors',
      ([a, , c]) => [a, shard(2, { total: 4 }), c],
      /m-00002-of-00003.gguf: expected split.tensors.count 3, received 4/,
    ],
    [
      'no number of tensors',
      ([, b, c]) => [shard(1, {}, 'split.tensors.count'), b, c],
      /m-00001-of-00003.gguf: expected split.tensors.count, the number of tensors in all shards, received none/,
    ],
    [
      'a tensor in two shards',
      ([a, b]) => [a, b, shard(3).tensor('t1', 0, [1], new Uint8Array(4))],
      /m-00003-of-00003.gguf: expected 't1' in one shard, received it in .*m-00001-of-00003.gguf too/,
    ],
  ])('refuses %s', (_, change, message) => {
    write(...change(threeShards()));
    expect(() => readSplitGguf(at(1))).toThrow(FileFormatError);
    expect(() => readSplitGguf(at(1))).toThrow(message);
  });

  it('never reads another model than the one whose shard was given', () => {
    // By its split.count it would be one of the four beside it.
    for (const no of [1, 2, 3, 4]) writeFileSync(at(no, 4), shard(no, { count: 4, total: 4 }).bytes());
    writeFileSync(at(1, 3), shard(1, { count: 4 }).bytes());
    expect(() => readSplitGguf(at(1, 3))).toThrow(/of-00003.gguf: expected split.count 3, .* received 4/);
    // Nor is a number that no name can have counted to.
    writeFileSync(at(1, 3), shard(1, { count: 2n ** 40n }).bytes());
    expect(() => readSplitGguf(at(1, 3))).toThrow(FileFormatError);
    writeFileSync(join(folder, 'm.gguf'), shard(1, { count: 2n ** 40n }).bytes());
    expect(() => readSplitGguf(join(folder, 'm.gguf'))).toThrow(/a name NAME-0000N-of-1099511627776.gguf/);
  });
});

describe('firstShards', () => {
  it('leaves of each set of shards the first', () => {
    expect(
      firstShards(['b-00002-of-00002.gguf', 'a.gguf', 'b-00001-of-00002.gguf', 'b-00002-of-00003.gguf']),
    ).toEqual(['a.gguf', 'b-00001-of-00002.gguf', 'b-00002-of-00003.gguf']);
  });
});
