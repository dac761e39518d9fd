import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ended } from './support/cli.js';
import type { FaultEvent } from './support/faults.js';
import { leftOver } from './support/outcome.js';
import { TinyRun } from './support/tinyRun.js';

let tiny: TinyRun;
/** The first event after step 2's checkpoint that is one. */
const eventIn = (phase: FaultEvent['phase'], prefix = '') => {
  const from = tiny.events.findLastIndex(
    (event) => event.phase === 'checkpoint' && event.at < tiny.events.length / 2,
  );
  return tiny.events.find(
    (event) => event.at > from && event.phase === phase && event.name.startsWith(prefix),
  )!.at;
};

beforeAll(async () => {
  tiny = await TinyRun.selfTraining();
  // Checkpoints of steps 4 and 6, no result.
  expect((await tiny.run('stopped', { at: eventIn('final'), how: 'kill' })).signal).toBe('SIGKILL');
  expect(readdirSync(tiny.path('stopped/checkpoints')).sort()).toEqual(['step-4', 'step-6']);
}, 60_000);
afterAll(() => tiny.remove());

/** A copy of a run folder with something changed in it. */
function damaged(from: string, name: string, damage: (path: string) => void): string {
  cpSync(tiny.path(from), tiny.path(name), { recursive: true });
  damage(tiny.path(name));
  return name;
}

function flip(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1] ^= 4;
  writeFileSync(path, bytes);
}

function expectError({ code, stdout, stderr }: Ended, message: RegExp): void {
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
}

const files = (folder: string) =>
  readdirSync(tiny.path(folder), { recursive: true })
    .map(String)
    .filter((name) => !/run\.lock/.test(name))
    .sort();

/** The command fails with a message and leaves all as it was; after what the message says to type it ends as ever. */
async function expectOffer(folder: string, message: RegExp): Promise<void> {
  const before = files(folder);
  const ended = await tiny.run(folder);
  expectError(ended, message);
  expect(files(folder)).toEqual(before);
  expect(leftOver(tiny.path(folder))).toEqual([]);
  const [, command] = /; after (rm .+) the (?:same command|configuration)/.exec(ended.stderr)!;
  expect(spawnSync('sh', ['-c', command], { cwd: tiny.cwd }).status).toBe(0);
  expect(await tiny.finish(folder)).toEqual(tiny.whole);
}

describe('a damaged checkpoint', () => {
  it('with a flipped bit', () =>
    expectOffer(
      damaged('stopped', 'flipped', (path) =>
        flip(join(path, 'checkpoints/step-6/training_state.safetensors')),
      ),
      /^error: flipped\/checkpoints\/step-6\/training_state\.safetensors: expected sha256 \w{64}, received sha256 \w{64}\nthe checkpoint is damaged; after rm -r flipped\/checkpoints\/step-6 the same command goes on from flipped\/checkpoints\/step-4$/m,
    ));

  it('that is empty, in a folder whose name a shell would take apart', () =>
    expectOffer(
      damaged('stopped', "it's empty", (path) => {
        rmSync(join(path, 'checkpoints/step-6'), { recursive: true });
        mkdirSync(join(path, 'checkpoints/step-6'));
      }),
      /step-6\/manifest\.json: expected a list of the files of this folder, received ENOENT.*\n.* goes on from it's empty\/checkpoints\/step-4$/m,
    ));

  it('as are all', () =>
    expectOffer(
      damaged('stopped', 'all', (path) => {
        truncateSync(join(path, 'checkpoints/step-6/adapter_model.safetensors'), 1000);
        rmSync(join(path, 'checkpoints/step-4/trainer_state.json'));
      }),
      /step-6\/adapter_model\.safetensors: expected \d+ bytes, received 1000\n.*after rm -r \S+step-6 \S+step-4 the same command begins again from step 1$/m,
    ));
});

describe('a complete run', () => {
  it('with a damaged result is not taken for complete', () =>
    expectOffer(
      damaged('whole', 'result', (path) => flip(join(path, 'final/adapter_model.safetensors'))),
      /^error: result\/final\/adapter_model\.safetensors: expected sha256 .*\nit is damaged; after rm -r result\/final the same command writes it again$/m,
    ));

  it('with an empty summary', () =>
    expectOffer(
      damaged('whole', 'summary', (path) => truncateSync(join(path, 'summary.json'))),
      /^error: summary\/summary\.json: expected a readable JSON file, received .*\nit is damaged; after rm -r summary\/summary/m,
    ));

  it('with an empty configuration', () =>
    expectOffer(
      damaged('whole', 'config', (path) => truncateSync(join(path, 'config.yaml'))),
      /^error: config\/config\.yaml: expected the configuration that the run began with, received .*\nit is damaged; after rm config/m,
    ));
});

describe('a run folder', () => {
  it('that is read-only', async ({ skip }) => {
    mkdirSync(tiny.path('disk'));
    const writable = readOnly(tiny.path('disk'), () => damaged('stopped', 'disk/run', () => {}));
    if (writable === undefined) skip('no way to make a folder read-only for this user');
    expectError(
      await tiny.run('disk/run'),
      /^error: disk\/run: expected a place that can be written to, received (EROFS|EACCES): .*\ncheckpoint disk\/run\/checkpoints\/step-6 is kept; run the same command again to go on from there$/m,
    );
    writable!.again();
    expect(await tiny.finish('disk/run')).toEqual(tiny.whole);
    writable!.remove();
  });

  it('that two processes go on with at the same time', async () => {
    damaged('stopped', 'both', (path) => writeFileSync(join(path, 'run.lock.1'), '{"pid":0,"started":"1"}'));
    const both = await Promise.all([tiny.run('both'), tiny.run('both')]);
    const [first, second] = both.toSorted((a, b) => a.code! - b.code!);
    expect(first.code).toBe(0);
    // Whoever comes when the other is done finds a complete run.
    if (second.code === 0) expect(first.stderr + second.stderr).toContain('both is complete already');
    else
      expectError(
        second,
        /run folder: expected a folder no other run is using \(wait for it to end, or use another output_dir\), received both held by process \d+$/m,
      );
    expect(await tiny.finish('both')).toEqual(tiny.whole);
  });
});

describe('a device that fails in the middle of a step', () => {
  it('for want of memory', async () => {
    const at = eventIn('update', 'device.enqueue');
    expectError(
      await tiny.run('memory', { at, how: 'out of memory' }),
      /^error: \[linear\] .*\na smaller token_budget, or activation_recompute: on, takes less memory; .*\ncheckpoint memory\/checkpoints\/step-\d is kept; run the same command again to go on from there$/m,
    );
    expect(leftOver(tiny.path('memory'))).toEqual([]);
    expect(await tiny.finish('memory')).toEqual(tiny.whole);
  });

  it('for good', async () => {
    const at = eventIn('judging', 'device.enqueue');
    expectError(
      await tiny.run('fault', { at, how: 'fault' }),
      /^error: \[linear\] command 7 failed: the device was lost\ncheckpoint fault\/checkpoints\/step-\d is kept; run the same command again to go on from there$/m,
    );
    expect(leftOver(tiny.path('fault'))).toEqual([]);
    expect(await tiny.finish('fault')).toEqual(tiny.whole);
  });
});

/** Makes a folder read-only once it is filled, so that even root may not write; undefined where that cannot be had. */
function readOnly(folder: string, fill: () => void): { again(): void; remove(): void } | undefined {
  if (process.getuid?.() !== 0) {
    fill();
    chmodSync(join(folder, 'run'), 0o555);
    return { again: () => chmodSync(join(folder, 'run'), 0o755), remove: () => {} };
  }
  const mount = (...args: string[]) => spawnSync('mount', [...args, folder]).status === 0;
  if (!mount('-t', 'tmpfs', 'tmpfs')) return undefined;
  fill();
  mount('-o', 'remount,ro');
  return { again: () => mount('-o', 'remount,rw'), remove: () => spawnSync('umount', [folder]) };
}
