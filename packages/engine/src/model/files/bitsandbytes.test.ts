import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

import { FileFormatError } from '@selfjudge/base';
import { unpacked } from './bitsandbytes.js';
import { Safetensors, type HostTensor } from './safetensors.js';
import { writeSafetensors } from './writeSafetensors.js';

// Made by benchmarks/peers/bitsandbytes_values.py.
const file = Safetensors.open(
  new URL('../../../../../benchmarks/peers/fixtures/bitsandbytes.safetensors', import.meta.url).pathname,
);
const values = unpacked(file);
const matrices = [...file.tensors.keys()].flatMap((name) => /^(.+)\.expected$/.exec(name)?.[1] ?? []);

const bits = ({ data }: HostTensor) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

describe('unpacked', () => {
  it.each(matrices)('%s has the bits that bitsandbytes gives on a CPU', (name) => {
    const got = values.read(`${name}.weight`);
    const expected = file.read(`${name}.expected`);
    expect({ dtype: got.dtype, shape: got.shape }).toEqual({ dtype: expected.dtype, shape: expected.shape });
    expect(bits(got).equals(bits(expected))).toBe(true);
    expect(values.tensors.get(`${name}.weight`)?.shape).toEqual(expected.shape);
  });

  it('shows the matrices without their parts, and leaves the rest alone', () => {
    expect(matrices).toHaveLength(13);
    const names = [...values.tensors.keys()].filter((name) => !name.endsWith('.expected'));
    expect(names.toSorted()).toEqual(
      ['plain.weight', ...matrices.map((name) => `${name}.weight`)].toSorted(),
    );
    expect(values.read('plain.weight')).toEqual(file.read('plain.weight'));
  });
});

describe('a packed matrix whose parts do not fit', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bitsandbytes-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** A stand-in for the file with parts changed: what a reader asks of it. */
  const changed = (change: Record<string, Uint8Array | undefined>, dtype = 'F32') => {
    const tensors = new Map(file.tensors);
    for (const [name, bytes] of Object.entries(change)) {
      if (bytes === undefined) tensors.delete(name);
      else tensors.set(name, { ...tensors.get(name)!, dtype, bytes: bytes.length });
    }
    const readBytes = (name: string) => change[name] ?? file.readBytes(name);
    return { path: file.path, tensors, read: file.read.bind(file), readBytes } as unknown as Safetensors;
  };
  const name = 'nf4.bfloat16.nested.weight';
  const state = `${name}.quant_state.bitsandbytes__nf4`;
  const stateWith = (change: object) =>
    Buffer.from(
      JSON.stringify({ ...(JSON.parse(Buffer.from(file.readBytes(state)).toString()) as object), ...change }),
    );

  it.each<[string, Record<string, Uint8Array | undefined>, RegExp]>([
    [
      'no scales',
      { [`${name}.absmax`]: undefined },
      /'nf4.bfloat16.nested.weight.absmax' of 3 bytes.*no such tensor/,
    ],
    [
      'too few scales',
      { [`${name}.nested_absmax`]: new Uint8Array(0) },
      /nested_absmax' of 4 bytes.*received 0 bytes/,
    ],
    ['too few codes', { [name]: new Uint8Array(95) }, /'nf4.bfloat16.nested.weight' of 96 bytes/],
    [
      'another code',
      { [`${name}.quant_map`]: new Uint8Array(64) },
      /quant_map' to be the values of nf4, -1 at 0/,
    ],
    ['no JSON', { [state]: Buffer.from('{"a') }, /a state in JSON/],
    ['another type', { [state]: stateWith({ quant_type: 'fp4' }) }, /quant_type nf4, received fp4/],
    ['a shape of three', { [state]: stateWith({ shape: [3, 8, 8] }) }, /a shape of two sizes/],
    ['a larger shape', { [state]: stateWith({ shape: [3, 640] }) }, /of 960 bytes, by its quant_state/],
    [
      'another dtype',
      { [state]: stateWith({ dtype: 'int8' }) },
      /dtype bfloat16, float16, float32, received int8/,
    ],
    ['no block', { [state]: stateWith({ blocksize: 0 }) }, /an even blocksize, received 0/],
    ['no offset', { [state]: stateWith({ nested_offset: null }) }, /nested_offset a number/],
  ])('is refused: %s', (_, change, message) => {
    const read = () => unpacked(changed(change)).read(name);
    expect(read).toThrow(FileFormatError);
    expect(read).toThrow(message);
  });

  it('is refused with scales of another dtype', () => {
    const part = `${name}.nested_absmax`;
    const read = () => unpacked(changed({ [part]: file.readBytes(part) }, 'BF16')).read(name);
    expect(read).toThrow(/nested_absmax' of dtype F32, received BF16/);
  });

  it('is no matter for files without one', async () => {
    const path = join(folder, 'plain.safetensors');
    await writeSafetensors(path, [
      { name: 'a', dtype: 'F32', shape: [1], values: () => new Float32Array(1) },
    ]);
    const plain = Safetensors.open(path);
    expect(unpacked(plain)).toBe(plain);
  });
});
