import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { FileFormatError } from '@selfjudge/base';
import { readGguf, readTensor, type GgufFile, type GgufTensor } from './gguf.js';

/** The names that llama.cpp's gguf-split gives: model-00001-of-00003.gguf. */
const SPLIT_NAME = /^(.*)-\d{5}-of-(\d{5})(\.gguf)$/i;

/** Of a list of files, those that are not further shards of another in it. */
export function firstShards(names: readonly string[]): string[] {
  const sets = new Set<string>();
  return names.toSorted().filter((name) => {
    const [, stem, count] = SPLIT_NAME.exec(name) ?? [];
    if (stem === undefined) return true;
    const set = `${stem}/${count}`;
    const known = sets.has(set);
    sets.add(set);
    return !known;
  });
}

/**
 * Reads a GGUF file, or all of them where the model is split (`split.count` above 1) and `path` is one: metadata of the
 * first, tensors of all.
 *
 * @throws FileFormatError as readGguf, and naming the shard that is missing or belongs to another model
 */
export function readSplitGguf(path: string): GgufFile {
  const given = readGguf(path);
  const [, stem, named, extension] = SPLIT_NAME.exec(basename(path)) ?? [];
  const count = number(given, 'split.count') ?? 1;
  if (stem !== undefined && Number(named) !== count) {
    // What one shard lacks (its head, say) may be lacking in a sound model too.
    throw new FileFormatError({
      path,
      expected: `split.count ${Number(named)}, as the name says that this is one of so many shards`,
      received: given.metadata.get('split.count') ?? 'none',
      advice: 'If the file is a whole model, give it another name.',
    });
  }
  if (count <= 1) return given;
  if (stem === undefined) {
    throw new FileFormatError({
      path,
      expected: `a name NAME-0000N-of-${digits(count)}.gguf, as split.count is ${count} and the other shards are found by it`,
      received: basename(path),
    });
  }
  const shards = Array.from({ length: count }, (_, i) => {
    const own = join(dirname(path), `${stem}-${digits(i + 1)}-of-${digits(count)}${extension}`);
    return own === path ? given : shard(own, path, count);
  });
  const [first] = shards;
  const total = number(first, 'split.tensors.count');
  shards.forEach((file, i) => {
    for (const [key, expected] of [
      ['split.count', count],
      ['split.no', i],
      ['split.tensors.count', total],
    ] as const) {
      const received = number(file, key);
      if (received === undefined || received !== expected) {
        throw new FileFormatError({
          path: file.path,
          expected:
            expected === undefined ? `${key}, the number of tensors in all shards` : `${key} ${expected}`,
          received: received ?? 'none',
        });
      }
    }
  });
  const tensors = together(shards);
  if (total !== tensors.size) {
    throw new FileFormatError({
      path: first.path,
      expected: `split.tensors.count ${total} tensors in ${count} shards`,
      received: tensors.size,
    });
  }
  return { ...first, tensors, read: (name) => readTensor(first.path, tensors, name) };
}

function shard(path: string, given: string, count: number): GgufFile {
  if (existsSync(path)) return readGguf(path);
  throw new FileFormatError({
    path: given,
    expected: `all ${count} shards of the model beside it (split.count ${count})`,
    received: `no ${basename(path)}`,
    advice: 'Download the missing shard into this folder.',
  });
}

function together(shards: readonly GgufFile[]): Map<string, GgufTensor> {
  const tensors = new Map<string, GgufTensor>();
  for (const { path, tensors: own } of shards) {
    for (const [name, tensor] of own) {
      const other = tensors.get(name)?.path;
      if (other !== undefined)
        throw new FileFormatError({
          path,
          expected: `'${name}' in one shard`,
          received: `it in ${other} too`,
        });
      tensors.set(name, tensor);
    }
  }
  return tensors;
}

function number({ path, metadata }: GgufFile, key: string): number | undefined {
  const value = metadata.get(key);
  if (value === undefined || (typeof value === 'number' && Number.isInteger(value) && value >= 0))
    return value;
  throw new FileFormatError({ path, expected: `${key} a whole number`, received: value });
}

const digits = (n: number): string => String(n).padStart(5, '0');
