import { spawnSync } from 'node:child_process';
import { expect } from 'vitest';
import { scratchRepository, testedCommands } from './scratchRepository.js';

export const GUIDE = 'docs/adding-a-kernel.md';

type Scratch = ReturnType<typeof scratchRepository>;

/** Runs shell lines in the copy, all in one shell that stops at the first failure; returns what they print. */
export function follow(scratch: Scratch, blocks: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('sh', ['-e', '-c', `exec 2>&1\n${blocks.join('')}`], {
    cwd: scratch.path,
    env: { ...scratch.environment, NO_COLOR: '1', CI: '1' },
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  expect(status, `${blocks.join('')}\n${stdout.slice(-8000)}${stderr}`).toBe(0);
  return stdout;
}

/** The name the guide gives its op. */
export function guideName(): string {
  const name = /^pnpm new:op (\w+)$/m.exec(testedCommands(GUIDE)[0])?.[1];
  if (name === undefined) throw new Error(`${GUIDE}: expected 'pnpm new:op NAME' in the first block`);
  return name;
}
