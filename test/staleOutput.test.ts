import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { dropStaleOutputs, staleOutputs } from '../scripts/staleOutput.mjs';

const folder = mkdtempSync(join(tmpdir(), 'selfjudge-stale-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('what was built of a source that is gone goes, and nothing else', () => {
  const kept = ['dist/a.js', 'dist/a.d.ts', 'dist/a.js.map', 'dist/b/c.js', 'dist/.tsbuildinfo'];
  const gone = ['dist/old.js', 'dist/old.d.ts', 'dist/old.d.ts.map', 'dist/b/old.js.map'];
  for (const path of ['src/a.ts', 'src/b/c.ts', ...kept, ...gone]) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), '');
  }
  expect(staleOutputs(folder).sort()).toEqual(gone.sort());
  dropStaleOutputs(folder);
  expect(staleOutputs(folder)).toEqual([]);
  for (const path of kept) expect(existsSync(join(folder, path)), path).toBe(true);
  expect(staleOutputs(join(folder, 'nothing'))).toEqual([]);
});
