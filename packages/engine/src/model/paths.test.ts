import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { findModel } from './paths.js';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'paths-'));
});
afterAll(() => rmSync(root, { recursive: true }));

function put(...path: string[]): string {
  const file = join(root, ...path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, '{}');
  return join(file, '..');
}

describe('findModel', () => {
  it('tells what a path means', () => {
    const folder = put('hf', 'config.json');
    expect(findModel(folder)).toEqual({ kind: 'folder', path: folder });
    const adapter = put('adapter', 'adapter_config.json');
    expect(findModel(adapter)).toEqual({ kind: 'adapter', path: adapter });
    const gguf = put('one', 'm.Q8_0.gguf');
    expect(findModel(gguf)).toEqual({ kind: 'gguf', path: join(gguf, 'm.Q8_0.gguf') });
    expect(findModel(join(gguf, 'm.Q8_0.gguf')).kind).toBe('gguf');
  });

  it('takes the latest checkpoint of a run, and final once it is there', () => {
    put('run', 'checkpoints', 'step-9', 'adapter_config.json');
    const latest = put('run', 'checkpoints', 'step-10', 'adapter_config.json');
    expect(findModel(join(root, 'run'))).toEqual({ kind: 'adapter', path: latest });
    const final = put('run', 'final', 'config.json');
    expect(findModel(join(root, 'run'))).toEqual({ kind: 'folder', path: final });
  });

  it('says what it looked for', () => {
    expect(() => findModel(join(root, 'none'))).toThrow(/nothing there$/);
    expect(() => findModel('HuggingFaceTB/SmolLM2-135M')).toThrow(
      /nothing there\nIf it is a name on the Hugging Face Hub: selfjudge pull hf:..HuggingFaceTB.SmolLM2-135M /,
    );
    expect(() => findModel(join(put('hf', 'config.json'), 'config.json'))).toThrow(/another file/);
    expect(() => findModel(put('empty', 'readme.md'))).toThrow(/final\/.*none of them/);
    put('two', 'a.gguf');
    expect(() => findModel(put('two', 'b.gguf'))).toThrow(/2 GGUF files/);
  });
});

describe('a file given for a model', () => {
  const file = (name: string, bytes: string) => {
    const path = join(root, name);
    writeFileSync(path, bytes, 'latin1');
    return path;
  };

  it('is known by its first bytes, not by its name', () => {
    const blob = file('sha256-6e9f90f02bb3', 'GGUF\u0003\0\0\0');
    expect(findModel(blob)).toEqual({ kind: 'gguf', path: blob });
  });

  it.each([
    ['model.safetensors', '\u0010\0\0\0\0\0\0\0{"a":1}', /received a safetensors file\nGive the folder/],
    ['model.bin', 'tjgg\u0003\0\0\0', /before GGUF \(GGJT\)\nConvert/],
    ['pytorch_model.bin', 'PK\u0003\u0004', /received a file of PyTorch\n/],
    ['pointer', 'version https://git-lfs.github.com/spec/v1\noid', /Git LFS pointer/],
    ['pointer.gguf', 'version https://git-lfs.github.com/spec/v1\noid', /Git LFS pointer/],
    ['blank', '', /received another file/],
  ])('is refused by what it is: %s', (name, bytes, message) => {
    expect(() => findModel(file(name, bytes))).toThrow(message);
  });
});

describe('a folder with more than one thing in it', () => {
  it('is an adapter that has its model with it', () => {
    put('both', 'config.json');
    put('both', 'model.safetensors');
    const folder = put('both', 'adapter_config.json');
    expect(findModel(folder)).toEqual({ kind: 'adapter', path: folder, holdsModel: true });
  });

  it('is a GGUF model where config.json has no weights beside it', () => {
    put('repository', 'config.json');
    put('repository', 'm-00001-of-00002.gguf');
    const folder = put('repository', 'm-00002-of-00002.gguf');
    expect(findModel(folder)).toEqual({ kind: 'gguf', path: join(folder, 'm-00001-of-00002.gguf') });
    put('repository', 'model.safetensors.index.json');
    expect(findModel(folder)).toEqual({ kind: 'folder', path: folder });
  });
});
