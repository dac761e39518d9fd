import { describe as suite, expect, it } from 'vitest';
import type { QuickstartResult } from '../world/resultFile.js';
import { describe } from './quickstartText.js';

const estimate = (value: number, low: number, high: number) => ({ value, low, high, n: 888 });
const score = { perfect: estimate(0.6, 0.5, 0.7), win: estimate(0.6, 0.5, 0.7), repeat: 0.5, words: 12.3 };
const difference = (low: number, high: number) => estimate((low + high) / 2, low, high);

const result: QuickstartResult = {
  judgeAccuracy: estimate(0.8214, 0.7653, 0.8721),
  contenders: [
    { name: 'JSFT', score: { ...score, gold: estimate(0.75, 0.7, 0.8), win: estimate(0.5, 0.5, 0.5) } },
    { name: 'DPO on 5-label vote', score: { ...score, gold: estimate(0.8, 0.7, 0.9) }, kl: 1.234, step: 100 },
    { name: 'SELF-JUDGE', score: { ...score, gold: estimate(0.999, 0.98, 1) }, kl: 1.5, step: 40 },
    { name: 'SELF-JUDGE, best of 16', score: { ...score, gold: estimate(0.999, 0.98, 1) } },
  ],
  comparisons: [
    { against: 'JSFT', gold: difference(0.01, 0.1), win: difference(0.01, 0.1) },
    { against: 'offline DPO', gold: difference(-0.1, -0.01), win: difference(0.02, 0.03) },
    { against: 'DPO on 5-label vote', gold: difference(-0.01, 0.01), win: difference(-0.01, 0.01) },
  ],
  curve: [20, 40, 60, 80, 100, 120, 140, 160].map((step) => ({
    step,
    winRate: 0.5 + step / 1000,
    kl: step / 100,
  })),
  examples: [
    {
      prompt: 'List two fruits.',
      before: { text: 'lime, cow.', gold: 0.875 },
      after: { text: 'lime, kiwi.', gold: 1 },
    },
  ],
  seconds: { base: 60, test: 5 },
  outputDir: 'runs/quickstart',
};
const text = describe(result, (heading) => `# ${heading}`);

suite('the result of a quickstart', () => {
  it('fits 100 columns', () => {
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100);
  });

  it('says what the intervals of the differences say, whatever they say', () => {
    expect(text).toContain(
      'SELF-JUDGE, by exact score: beats JSFT; loses to offline DPO; ties with DPO on 5-label vote.',
    );
    expect(text).toContain(
      'SELF-JUDGE, by wins over JSFT: beats JSFT and offline DPO; ties with DPO on 5-label vote.',
    );
    expect(text).toContain('SELF-JUDGE minus offline DPO          -0.055 [-0.100, -0.010]');
  });

  it('shows the judge, the curve with the kept step, the table and the examples', () => {
    expect(text).toContain('82.1% [76.5, 87.2]');
    expect(text).toMatch(/^step +20 +40\* +60/m);
    expect(text).toMatch(/^JSFT +0\.75 \[\.70 \.80\] .* 0\.50 +0\.50 +12\.3$/m);
    expect(text).toMatch(/^SELF-JUDGE +1\.00 \[\.98 1\.0\] .* 1\.50 +0\.50 +12\.3 +40$/m);
    expect(text).toContain('  JSFT        0.88  lime, cow.\n  SELF-JUDGE  1.00  lime, kiwi.');
    expect(text).toContain('runs/quickstart (models in');
  });
});
