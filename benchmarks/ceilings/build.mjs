// Builds what measures the ceilings of this machine on first use, into a git-ignored folder.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Contender } from '../harness.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/**
 * A contender that answers {"bytes"} with {"seconds", "bytes", "flops"}, see main.cpp; on the CPU alone.
 * @returns {{ contender: Contender } | { missing: string }}
 */
export function ceilings(device) {
  if (device !== 'cpu') return { missing: 'ceilings are measured of the CPU alone' };
  const files = readdirSync(here('.')).filter((name) => /\.(cpp|h)$/.test(name));
  const program = here('build/ceilings');
  const newest = Math.max(...files.map((name) => statSync(here(name)).mtimeMs));
  if (!existsSync(program) || statSync(program).mtimeMs < newest) {
    mkdirSync(here('build'), { recursive: true });
    const compiler = process.env.CXX ?? 'c++';
    const sources = files.filter((name) => name.endsWith('.cpp'));
    const options = ['-std=c++20', '-O3', '-Wall', '-Wextra', '-pthread', '-o', program];
    const { status } = spawnSync(compiler, [...options, ...sources.map(here)], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    if (status !== 0) return { missing: `ceilings need a C++ compiler (${compiler}, or set CXX)` };
  }
  return { contender: new Contender('ceilings', program, [String(availableParallelism())]) };
}
