import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatHubName, parseHubName } from './hubName.js';

const before = process.cwd();
const folder = mkdtempSync(join(tmpdir(), 'selfjudge-names-'));
beforeAll(() => {
  mkdirSync(join(folder, 'here/there'), { recursive: true });
  process.chdir(folder);
});
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true });
});

describe('names on the hub', () => {
  it.each([
    'owner/name',
    'owner/name@a%2Fb',
    'owner/name@refs/pr/3',
    'owner/name@v1/sub/name.gguf',
    'hf://datasets/owner/data@v1/x',
  ])('%s is written as it is read', (text) => expect(formatHubName(parseHubName(text, 'model')!)).toBe(text));

  it.each([
    ['owner/name', { id: 'owner/name' }],
    ['Qwen/Qwen2.5-0.5B', { id: 'Qwen/Qwen2.5-0.5B' }],
    ['owner/name@v1.0', { id: 'owner/name', revision: 'v1.0' }],
    ['owner/name@refs/pr/3', { id: 'owner/name', revision: 'refs/pr/3' }],
    ['owner/name@a%2Fb', { id: 'owner/name', revision: 'a/b' }],
    ['owner/name/name-Q4_0.gguf', { id: 'owner/name', file: 'name-Q4_0.gguf' }],
    ['owner/name@main/big/name.GGUF', { id: 'owner/name', revision: 'main', file: 'big/name.GGUF' }],
    ['hf://owner/name', { id: 'owner/name' }],
    ['hf://models/owner/name@v1', { id: 'owner/name', revision: 'v1' }],
    ['hf://here/there', { id: 'here/there' }],
    [
      'hf://owner/name@refs/convert/parquet/x/y.json',
      { id: 'owner/name', revision: 'refs/convert/parquet', file: 'x/y.json' },
    ],
  ])('%s', (text, name) => {
    expect(parseHubName(text, 'model')).toEqual({ type: 'model', ...name });
  });

  it.each([
    ['owner/data', { id: 'owner/data' }],
    ['hf://datasets/owner/data@main/a/b.jsonl', { id: 'owner/data', revision: 'main', file: 'a/b.jsonl' }],
    ['hf://datasets/owner/data@a%2Fb', { id: 'owner/data', revision: 'a/b' }],
  ])('of data: %s', (text, name) => {
    const data = { type: 'dataset', ...name } as const;
    expect(parseHubName(text, 'dataset')).toEqual(data);
    expect(parseHubName(formatHubName(data), 'model')).toEqual(data);
  });

  it.each([
    'here/there',
    'here/none',
    'here/deep/x.gguf',
    'folder',
    './owner/name',
    '../owner/name',
    '/owner/name',
    'owner/name/',
    'owner/name/x.jsonl',
    'owner/name/sub',
    'data/rows.jsonl',
    'owner/model.gguf',
    'owner/na--me',
    'owner/na..me',
    'owner/name.git',
    '-owner/name',
    'owner/.name',
    'a b/c',
    'owner\\name',
    'owner/name\0',
    'owner/name@../x',
    '-',
    '',
    `${'a'.repeat(60)}/${'b'.repeat(60)}`,
  ])('%j is a path', (text) => {
    expect(parseHubName(text, 'model')).toBeUndefined();
    expect(parseHubName(text, 'dataset')).toBeUndefined();
  });

  it.each([
    'hf://owner',
    'hf://',
    'hf://datasets/owner',
    'hf://owner/name@',
    'hf://owner/name@../../x',
    'hf://owner/name@a%2F..%2Fb',
    'hf://owner/name@-x',
    'hf://owner/name@x.lock',
    'hf://owner/name/../../x',
    'hf://owner/name//x',
    'hf://owner/name/a\\b',
    'hf://owner/name/a\nb',
    'hf://spaces/owner/name',
    'owner/name@a b',
  ])('%j is no name', (text) => {
    expect(() => parseHubName(text, 'model')).toThrow(/hf:\/\/OWNER\/NAME\[@REVISION\]/);
  });
});
