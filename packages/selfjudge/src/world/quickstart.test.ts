import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { quickstart, quickstartDefaults, type QuickstartOptions } from './quickstart.js';

const PHASES = ['sft', 'jsft', 'self-train', 'dpo'];

describe('quickstart', () => {
  const root = mkdtempSync(join(tmpdir(), 'selfjudge-quickstart-'));
  afterAll(() => rmSync(root, { recursive: true }));

  const small = (name: string, change: Partial<QuickstartOptions> = {}): QuickstartOptions => ({
    ...quickstartDefaults,
    outputDir: join(root, name),
    pairs: 80,
    jsftSteps: 6,
    steps: 6,
    testPrompts: 40,
    samples: 2,
    bestOf: 3,
    bestOfPrompts: 6,
    ...change,
  });

  /** Runs until `stopAt` steps are logged, or to the end; tells which phases were loaded or gone on with. */
  async function run(options: QuickstartOptions, stopAt = Infinity) {
    const controller = new AbortController();
    const loaded: string[] = [];
    const wentOn: [string, number][] = [];
    let logged = 0;
    const outcome = await quickstart(options, {
      signal: controller.signal,
      onPhase: (name, done) => void (done && loaded.push(name)),
      onStart: (name, step) => void (step > 0 && wentOn.push([name, step])),
      onLog: () => void (++logged === stopAt && controller.abort()),
    });
    return { outcome, loaded, wentOn };
  }

  it('goes on where it stopped and ends with the same bits', async () => {
    const whole = await run(small('whole'));
    expect(whole.outcome.status).toBe('completed');

    const options = small('parts');
    const first = await run(options, 4);
    expect(first.outcome).toEqual({ status: 'interrupted', phase: 'sft', outputDir: options.outputDir });
    const second = await run(options, 2 + 6 + 4);
    expect(second).toMatchObject({ outcome: { phase: 'self-train' }, wentOn: [['sft', 4]] });
    const third = await run(options);
    expect(third).toMatchObject({ loaded: ['sft', 'jsft'], wentOn: [['self-train', 4]] });

    const bits = (run: string, phase: string) =>
      readFileSync(join(root, run, phase, 'final/model.safetensors'));
    for (const phase of PHASES) expect(bits('parts', phase).equals(bits('whole', phase)), phase).toBe(true);
    const { seconds: _, outputDir: __, ...expected } = whole.outcome as Record<string, unknown>;
    expect(third.outcome).toMatchObject(expected);
  }, 120_000);

  it('brings back the result of a complete run', async () => {
    const options = small('whole');
    const { outcome, loaded } = await run(options);
    expect(outcome).toMatchObject({ status: 'completed', alreadyDone: true, outputDir: options.outputDir });
    expect(loaded).toEqual([]);
    const { contenders, comparisons, bestOf, curve, examples } = outcome as Extract<
      typeof outcome,
      { contenders: unknown }
    >;
    const names = ['SFT', 'JSFT', "DPO on the judge's labels", 'SELF-JUDGE'];
    expect(contenders.map(({ name }) => name)).toEqual(names);
    expect(comparisons.map(({ against }) => against)).toEqual(names.slice(0, 3));
    expect(bestOf.map(({ name }) => name)).toEqual(['JSFT', 'SELF-JUDGE']);
    expect(curve.map(({ step }) => step)).toEqual([6]);
    for (const { before, after } of examples)
      expect(Math.abs(before.gold - after.gold)).toBeGreaterThanOrEqual(0.3);
    expect(examples.length).toBeGreaterThan(0);
  });

  it('refuses a folder that holds a run of other options', async () => {
    await expect(run(small('whole', { seed: 2 }))).rejects.toMatchObject({
      code: 'SJ_CONFIG',
      details: { key: 'seed', received: 2 },
    });
    await expect(run(small('whole', { jsftSteps: 9 }))).rejects.toMatchObject({
      details: { key: 'jsft_steps' },
    });
  });
});
