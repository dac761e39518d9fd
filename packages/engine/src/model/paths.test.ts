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
    expect(() => findModel(join(root, 'none'))).toThrow(/nothing there/);
    expect(() => findModel(join(put('hf', 'config.json'), 'config.json'))).toThrow(/another file/);
    expect(() => findModel(put('empty', 'readme.md'))).toThrow(/final\/.*none of them/);
    put('two', 'a.gguf');
    expect(() => findModel(put('two', 'b.gguf'))).toThrow(/2 GGUF files/);
  });
});
