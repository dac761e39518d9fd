// Builds dram.cpp on first use into a git-ignored folder.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** @returns {{ program: string } | { missing: string }} */
export function buildDram() {
  const [source, folder] = ['dram.cpp', 'build'].map((name) => fileURLToPath(new URL(name, import.meta.url)));
  const program = `${folder}/dram`;
  if (existsSync(program) && statSync(program).mtimeMs >= statSync(source).mtimeMs) return { program };
  mkdirSync(folder, { recursive: true });
  const compiler = process.env.CXX ?? 'c++';
  const { status } = spawnSync(compiler, ['-std=c++20', '-O2', '-pthread', source, '-o', program], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) return { missing: `the read ceiling needs a C++ compiler (${compiler}, or set CXX)` };
  return { program };
}
