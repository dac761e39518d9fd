// What docs/adding-a-judge.md shows is typed and runs as it stands, in a folder that has nothing but the built packages.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = readFileSync(join(root, 'docs/adding-a-judge.md'), 'utf8');
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

it('compiles and runs the blocks of the page', async () => {
  const blocks = [...page.matchAll(/^```ts\n\/\/ (\w+\.mts)\n(.*?)^```$/gms)];
  expect(blocks.map(([, name]) => name)).toEqual(['concise.mts', 'polite.mts', 'check.mts']);
  expect(page.match(/^```\w/gm)).toHaveLength(blocks.length);
  const folder = mkdtempSync(join(tmpdir(), 'selfjudge-adding-'));
  const node = (...args: string[]) => promisify(execFile)(process.execPath, args, { cwd: folder });
  try {
    for (const [, name, code] of blocks) writeFileSync(join(folder, name), code);
    mkdirSync(join(folder, 'node_modules/@selfjudge'), { recursive: true });
    for (const name of ['judging', 'evaluation'])
      symlinkSync(join(root, 'packages', name), join(folder, 'node_modules/@selfjudge', name));
    const compilerOptions = {
      strict: true,
      target: 'ES2022',
      module: 'NodeNext',
      skipLibCheck: true,
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.mts'] }));
    const { stdout: complaints } = await node(tsc, '-p', folder).catch((error: { stdout: string }) => error);
    expect(complaints).toBe('');
    const { stdout } = await node('check.mjs');
    expect(stdout).toBe('agrees on 1, the longer answer on 0 of 1\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 120_000);
