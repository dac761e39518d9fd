// Every kind of source gives the same tensors by groups of rows as it gives whole: models are opened so.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

import { Device } from '../tensor/device.js';
import { parameterSpecs } from './config.js';
import { unpacked } from './files/bitsandbytes.js';
import { groupsOfRows } from './files/rows.js';
import { Safetensors, type HostTensor } from './files/safetensors.js';
import { Scratch } from './files/scratch.js';
import { folderSource } from './folderSource.js';
import { ggufSource } from './ggufSource.js';
import { withAdapter } from './loadModelWithAdapter.js';
import { findModel } from './paths.js';
import type { LoadableSource } from './source.js';

const fixtures = fileURLToPath(new URL('../../../../benchmarks/peers/fixtures', import.meta.url));
const families = join(fixtures, 'families');
const folders = readdirSync(families).filter((name) => !name.endsWith('.json'));
const quiet = () => {};

type Read = (name: string, rows?: { from: number; to: number; scratch?: Scratch }) => unknown;

/** The values of a tensor by groups of at most `values` values, put together. */
async function together(read: Read, name: string, shape: readonly number[], values: number) {
  const scratch = new Scratch();
  const parts: HostTensor[] = [];
  for (const rows of groupsOfRows(shape, values)) {
    const part = (await read(name, { ...rows, scratch })) as HostTensor;
    expect(part.shape).toEqual([rows.to - rows.from, ...shape.slice(1)]);
    parts.push({ ...part, data: part.data.slice() } as HostTensor);
  }
  return { dtype: parts[0].dtype, data: parts.flatMap(({ data }) => [...data]) };
}

async function expectSame(read: Read, shapes: Iterable<{ name: string; shape: readonly number[] }>) {
  for (const { name, shape } of shapes) {
    const { dtype, data } = (await read(name)) as HostTensor;
    for (const values of [1, 3 * (shape[1] ?? 1), 2 ** 20])
      expect(await together(read, name, shape, values), name).toEqual({ dtype, data: [...data] });
  }
}

const expectSource = (source: LoadableSource) =>
  expectSame((name, rows) => source.read(name, rows, Device.open()), parameterSpecs(source.config));

describe('tensors by groups of rows', () => {
  it.each(folders)('of the family %s, in a folder and a GGUF file', async (name) => {
    await expectSource(folderSource(join(families, name), quiet));
    const gguf = join(families, name, 'model.gguf');
    if (existsSync(gguf)) await expectSource(ggufSource(gguf, quiet));
  });

  it.each([
    ['dora', 'untied'],
    ['dora-table', 'untied'],
    ['lora-head-tied', 'tied'],
    ['lora-bias', 'biased'],
    ['resized', 'untied'],
  ])('of the adapter %s merged into its base', async (name, base) => {
    const adapters = join(fixtures, 'adapters');
    const { source } = await withAdapter(findModel(join(adapters, base)), join(adapters, name), quiet);
    await expectSource(source);
  });

  it('of matrices that bitsandbytes packed', async () => {
    const file = unpacked(Safetensors.open(join(fixtures, 'bitsandbytes.safetensors')));
    await expectSame(
      file.read,
      [...file.tensors].map(([name, { shape }]) => ({ name, shape })),
    );
  });
});
