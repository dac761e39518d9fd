import { spawnSync } from 'node:child_process';
import { expect } from 'vitest';
import { readOps, snake } from '../../scripts/opCatalog.mjs';
import { PATHS } from '../../scripts/opPaths.mjs';
import { repository, scratchRepository, testedCommands } from './scratchRepository.js';

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

/**
 * The guide's commands and the op they make: of another name where this repository has one of the guide's, as it has for who
 * has just followed it.
 */
export function guide({ long = false } = {}): { name: string; commands: string[] } {
  const commands = testedCommands(PATHS.guide, { long });
  const name = /^pnpm new:op (\w+)$/m.exec(commands[0])?.[1];
  if (name === undefined) throw new Error(`${PATHS.guide}: expected 'pnpm new:op NAME' in the first block`);
  const taken = (readOps(repository) as { stem: string }[]).some(({ stem }) => stem === snake(name));
  if (!taken) return { name, commands };
  return { name: `${name}Again`, commands: commands.map((block) => block.replaceAll(name, `${name}Again`)) };
}
