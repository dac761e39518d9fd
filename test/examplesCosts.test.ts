// What methods cost, and PPO by learning rate, from a folder as examples/methods-smollm2/run.mjs leaves it.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { costsOf } from '../examples/methods-smollm2/costs.mjs';
import { ratesOf } from '../examples/methods-smollm2/rates.mjs';
import { METHODS, PPO_RATES, PROMPTS, STEPS } from '../examples/methods-smollm2/settings.mjs';

const folder = mkdtempSync(join(tmpdir(), 'examples-costs-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, rows: object[]): void {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}
const work = (seconds: number, flops: number) => ({ seconds, calls: 1, flops, bytes: 0 });

it('divides work by prompts, phase by phase, says nothing of what was not run, and refuses a run of other steps', () => {
  const row = (step: number) => ({
    step,
    phases: { generate: work(1, 2e9), update: work(3, 4e9), other: work(1, 0) },
    ops: {},
  });
  METHODS.forEach(({ name }: { name: string }, i: number) => {
    write(
      join(name, 'profile.jsonl'),
      Array.from({ length: STEPS }, (_, step) => row(step + 1)),
    );
    writeFileSync(join(folder, `${name}.peak`), String(1000 + i));
  });
  const costs = costsOf(folder);
  expect(costs).toHaveLength(METHODS.length);
  expect(costs[1]).toMatchObject({
    name: METHODS[1].name,
    peakBytes: 1001,
    seconds: (5 * STEPS) / PROMPTS,
    gflop: { generate: (2 * STEPS) / PROMPTS, judge: 0, reference: 0, update: (4 * STEPS) / PROMPTS },
  });
  rmSync(join(folder, `${METHODS[2].name}.peak`));
  expect(costsOf(folder)[2]).not.toHaveProperty('gflop');
  write(join(METHODS[0].name, 'profile.jsonl'), [row(1)]);
  expect(() => costsOf(folder)).toThrow(/expected 2 steps, received 1/);
});

it('takes the gain of a learning rate answer by answer', () => {
  const answers = (reward: number) =>
    [0, 0, 1, 1].map((of, i) => ({
      of,
      completion: 'four',
      finish: i === 0 ? 'length' : 'eos',
      reward,
      outside: -reward,
    }));
  write('sft.dev.jsonl', answers(1));
  PPO_RATES.forEach((rate: string, i: number) => {
    write(`ppo-${rate}.dev.jsonl`, answers(i));
    const step = { 'objective/kl': i, 'policy/clipfrac_avg': 0.5 };
    write(join(`ppo-${rate}`, 'metrics.jsonl'), [
      { step: 1, ...step, 'objective/kl': 9 },
      { step: 2, ...step },
    ]);
  });
  const { prompts, rows } = ratesOf(folder);
  expect(prompts).toBe(2);
  expect(rows[2]).toEqual({
    rate: PPO_RATES[2],
    reward: { value: 1, low: 1, high: 1, n: 4 },
    outside: { value: -1, low: -1, high: -1, n: 4 },
    kl: 2,
    clipped: 0.5,
    characters: 4,
    cut: 0.25,
  });
});

it('keeps the most memory of a process that ends', () => {
  const file = join(folder, 'peak');
  const hook = new URL('../examples/methods-smollm2/peak.mjs', import.meta.url).href;
  const program = 'globalThis.kept = Buffer.alloc(2 ** 28, 1)';
  const env = { ...process.env, PEAK_FILE: file };
  execFileSync(process.execPath, ['--import', hook, '--eval', program], { env });
  const peak = Number(readFileSync(file, 'utf8'));
  expect(peak).toBeGreaterThan(2 ** 28);
  expect(peak).toBeLessThan(2 ** 29);
});
