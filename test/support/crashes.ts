import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Random } from '@selfjudge/base';
import { Checkpoints } from '@selfjudge/training';
import { undurable } from './durability.js';
import { PHASES } from './faults.js';
import { leftOver } from './outcome.js';
import { TinyRun } from './tinyRun.js';

export interface CrashSizes {
  /** Kills at random events, those of resumed runs too. */
  kills: number;
  /** Kills at random times. */
  timed: number;
  /** Calls of the file system that a kill cuts off, one run each; Infinity for all. */
  places: number;
  /** Calls of the file system from which on the disk is full, one run each; Infinity for all. */
  full: number;
}

/** A self-training run is stopped in every way at many places; the same command always ends with the same bits. */
export function describeCrashes(sizes: CrashSizes): void {
  let tiny: TinyRun;
  const random = new Random(7);
  beforeAll(async () => (tiny = await TinyRun.selfTraining()), 60_000);
  afterAll(() => tiny.remove());

  const killed = /^kill in (\w+) at [\w.]+$/m;
  const onDisk = () => tiny.events.filter(({ name }) => !name.startsWith('device.'));

  it('left alone, the run goes through all phases and keeps a policy of its middle', () => {
    expect(new Set(tiny.events.map(({ phase }) => phase))).toEqual(new Set(PHASES));
    const { metrics, summary, samples, leftOver } = tiny.whole;
    expect(metrics.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(new Set(metrics.map(({ loss }) => loss)).size).toBeGreaterThan(4);
    expect(summary).toMatchObject({ status: 'completed', step: 6, bestStep: 4 });
    expect(samples).toHaveLength(6);
    expect(leftOver).toEqual([]);
  });

  it('left alone, it has on the disk what a checkpoint stands on before the checkpoint takes its name', () => {
    expect(undurable(tiny.events)).toEqual([]);
  });

  it('killed at random events of all phases, and again while it goes on', async () => {
    const phases: string[] = [];
    for (let i = 0; phases.length < sizes.kills; i++) {
      const phase = PHASES[(i * 7 + 6) % PHASES.length];
      const places = tiny.events.filter((event) => event.phase === phase);
      let at = places[random.below(places.length)].at;
      // As long as a resumed run is killed too, it is killed again.
      while (phases.length < sizes.kills) {
        const { code, signal, stderr } = await tiny.run(`kill-${i}`, { at, how: 'kill' });
        const found = killed.exec(stderr)?.[1];
        expect({ code, signal }).toEqual(
          found ? { code: null, signal: 'SIGKILL' } : { code: 0, signal: null },
        );
        if (found === undefined) break;
        phases.push(found);
        at = random.below(tiny.events.length);
      }
      expect(await tiny.finish(`kill-${i}`)).toEqual(tiny.whole);
    }
    if (sizes.kills >= 2 * PHASES.length) expect(new Set(phases)).toEqual(new Set(PHASES));
  });

  it.each<[string, () => Promise<TinyRun>, number]>([
    ['a reward run, which trains two sets of parameters', TinyRun.reward, 2],
    ['a PPO run, which trains three and steers a coefficient', TinyRun.ppo, 5],
  ])('%s, killed at random events', async (_, prepared, share) => {
    const other = await prepared();
    try {
      for (let i = 0; i < Math.ceil(sizes.kills / share); i++) {
        const at = random.below(other.events.length);
        expect(await other.run(`kill-${i}`, { at, how: 'kill' })).toMatchObject({ signal: 'SIGKILL' });
        expect(await other.finish(`kill-${i}`), `killed at event ${at}`).toEqual(other.whole);
      }
    } finally {
      other.remove();
    }
  });

  it.runIf(sizes.timed > 0)('killed at random times', async () => {
    const begun = performance.now();
    expect(await tiny.finish('undisturbed')).toEqual(tiny.whole);
    const duration = performance.now() - begun;
    for (let i = 0; i < sizes.timed; i++) {
      const running = tiny.start(`timed-${i}`);
      const timer = setTimeout(() => running.child.kill('SIGKILL'), random.uniform() * duration);
      await running.ended;
      clearTimeout(timer);
      expect(await tiny.finish(`timed-${i}`)).toEqual(tiny.whole);
    }
  });

  it('killed in the middle of a call of the file system', async () => {
    for (const { at, name, phase } of sample(onDisk(), sizes.places, random)) {
      const { stderr } = await tiny.run(`place-${at}`, { at, how: 'kill' });
      expect(stderr).toContain(`kill in ${phase} at ${name}\n`);
      expect(await tiny.finish(`place-${at}`), `killed at event ${at}, ${name}`).toEqual(tiny.whole);
    }
  });

  it('on a disk that is full from some call on', async () => {
    const calls = onDisk().filter(({ needsSpace }) => needsSpace);
    for (const { at, name } of sample(calls, sizes.full, random)) {
      const ended = await tiny.run(`full-${at}`, { at, how: 'full disk' });
      const where = `full at event ${at}, ${name}: ${ended.stderr}`;
      expect(ended, where).toMatchObject({ code: 1, stdout: '' });
      expect(ended.stderr, where).toMatch(
        /^error: full-\S+: expected a (file|folder|place) that can be written( to)?, received ENOSPC: no space left/m,
      );
      const left = leftIn(tiny.path(`full-${at}`));
      expect(left.unfinished, where).toEqual([]);
      const offer = `checkpoint full-${at}/checkpoints/step-${left.newest} is kept; run the same command again`;
      expect(ended.stderr.includes(offer), where).toBe(left.newest !== undefined);
      expect(await tiny.finish(`full-${at}`), where).toEqual(tiny.whole);
    }
  });
}

/** What a failed run has left in its folder, if it came to make one. */
function leftIn(folder: string): { unfinished: unknown[]; newest?: number } {
  if (!existsSync(folder)) return { unfinished: [] };
  return {
    unfinished: leftOver(folder),
    newest: new Checkpoints(join(folder, 'checkpoints')).steps().at(-1),
  };
}

/** `count` of the values, each from a part of its own; all where there are no more. */
function sample<T>(values: T[], count: number, random: Random): T[] {
  if (count >= values.length) return values;
  return Array.from({ length: count }, (_, i) => {
    const [start, end] = [i, i + 1].map((part) => Math.floor((part * values.length) / count));
    return values[start + random.below(end - start)];
  });
}
