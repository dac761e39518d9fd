import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { cachedCommit, cachedPath, hubNameOf, repositoryFolder, snapshotFolder } from './hubCache.js';

const cache = mkdtempSync(join(tmpdir(), 'selfjudge-cache-'));
afterAll(() => rmSync(cache, { recursive: true }));
const commit = 'ab'.repeat(20);
const name = { type: 'model', id: 'owner/na-me' } as const;
const snapshot = snapshotFolder(cache, name, commit);
mkdirSync(join(snapshot, 'sub'), { recursive: true });
writeFileSync(join(snapshot, 'sub/x.gguf'), '');
mkdirSync(join(repositoryFolder(cache, name), 'refs'));
writeFileSync(join(repositoryFolder(cache, name), 'refs/main'), `${commit}\n`);
writeFileSync(join(repositoryFolder(cache, name), 'refs/bad'), '../../..');

describe("the hub's cache", () => {
  it('has what a name means', () => {
    expect(snapshot).toBe(join(cache, 'models--owner--na-me/snapshots', commit));
    expect(cachedCommit(cache, name)).toBe(commit);
    expect(cachedPath(name, cache)).toBe(snapshot);
    expect(cachedPath({ ...name, revision: commit, file: 'sub/x.gguf' }, cache)).toBe(
      join(snapshot, 'sub/x.gguf'),
    );
    for (const revision of ['v1', 'bad', '../snapshots', 'c'.repeat(40)])
      expect(cachedPath({ ...name, revision }, cache), revision).toBeUndefined();
    expect(cachedPath({ type: 'dataset', id: name.id }, cache)).toBeUndefined();
  });

  it('tells the name of what lies in it', () => {
    const named = { ...name, revision: commit };
    expect(hubNameOf(snapshot, cache)).toEqual(named);
    expect(hubNameOf(join(snapshot, 'sub/x.gguf'), cache)).toEqual({ ...named, file: 'sub/x.gguf' });
    for (const path of [
      cache,
      join(cache, 'models--owner--na-me'),
      join(snapshot, '../main'),
      '/etc',
      join(cache, '..'),
    ])
      expect(hubNameOf(path, cache), path).toBeUndefined();
  });
});
