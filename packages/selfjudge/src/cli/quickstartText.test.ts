import { describe as suite, expect, it } from 'vitest';
import type { QuickstartResult } from '../world/resultFile.js';
import { describe } from './quickstartText.js';

const estimate = (value: number, low: number, high: number) => ({ value, low, high, n: 888 });
const slots = {
  count: 1,
  items: 0.5,
  repeats: 0,
  form: 0.25,
  order: 0.75,
  letter: 0.5,
  numbers: 0.5,
  total: 0.5,
};
const score = {
  perfect: estimate(0.6, 0.5, 0.7),
  win: estimate(0.6, 0.5, 0.7),
  slots,
  tokens: 12.3,
  surplus: 0.1,
};
const LABELS = "DPO on the judge's labels";
const difference = (low: number, high: number) => estimate((low + high) / 2, low, high);

const result: QuickstartResult = {
  judge: {
    base: { accuracy: estimate(0.7, 0.65, 0.75), picksLonger: 0.5, longerIsBetter: 0.49 },
    start: { accuracy: estimate(0.8214, 0.7653, 0.8721), picksLonger: 0.51, longerIsBetter: 0.49 },
    end: { accuracy: estimate(0.66, 0.6, 0.7), picksLonger: 0.8, longerIsBetter: 0.43 },
  },
  contenders: [
    {
      name: 'JSFT',
      score: { ...score, gold: estimate(0.75, 0.7, 0.8), win: estimate(0.5, 0.48, 0.52) },
      kl: 0,
      step: 400,
    },
    { name: LABELS, score: { ...score, gold: estimate(0.8, 0.7, 0.9) }, kl: 1.234, step: 100 },
    { name: 'SELF-JUDGE', score: { ...score, gold: estimate(0.999, 0.98, 1) }, kl: 1.5, step: 40 },
    { name: 'SFT', score: { ...score, gold: estimate(0.7, 0.6, 0.75) }, kl: 2, step: 400 },
  ],
  comparisons: [
    { against: 'JSFT', gold: difference(0.01, 0.1), win: difference(0.01, 0.1) },
    { against: 'SFT', gold: difference(-0.1, -0.01), win: difference(0.02, 0.03) },
    { against: LABELS, gold: difference(-0.01, 0.01), win: difference(-0.01, 0.01) },
  ],
  bestOf: [
    {
      name: 'SELF-JUDGE',
      rows: [
        { n: 1, plain: estimate(0.8, 0.7, 0.9), held: estimate(0.8, 0.7, 0.9) },
        { n: 16, plain: estimate(0.7, 0.6, 0.8), held: estimate(0.9, 0.8, 1) },
      ],
    },
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
  seconds: { sft: 60, test: 5 },
  outputDir: 'runs/quickstart',
};
const text = describe(result, (heading) => `# ${heading}`);

suite('the result of a quickstart', () => {
  it('fits 100 columns', () => {
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100);
  });

  it('says what the intervals of the differences say, whatever they say', () => {
    expect(text).toContain(`SELF-JUDGE, by exact score: beats JSFT; loses to SFT; ties with ${LABELS}.`);
    expect(text).toContain(`SELF-JUDGE, by wins over JSFT: beats JSFT and SFT; ties with ${LABELS}.`);
    expect(text).toMatch(/^SELF-JUDGE minus SFT +-0\.055 \[-0\.100, -0\.010\]/m);
  });

  it('shows the judge before and after, the curve with the kept step, the tables and the examples', () => {
    expect(text).toContain('82.1% [76.5, 87.2]');
    expect(text).toMatch(/^JSFT, by the base before labels +0\.70 \[\.65 \.75\]/m);
    expect(text).toMatch(/^SELF-JUDGE +0\.66 \[\.60 \.70\] +0\.80 +0\.43$/m);
    expect(text).toMatch(/^step +20 +40\* +60/m);
    expect(text).toMatch(/^JSFT +0\.75 \[\.70 \.80\] .* 0\.50 \[\.48 \.52\] +0\.00 +12\.3 +400$/m);
    expect(text).toMatch(/^SELF-JUDGE +1\.00 \[\.98 1\.0\] .* 1\.50 +12\.3 +40$/m);
    expect(text).toMatch(/^SELF-JUDGE +1\.00 +0\.50 +0\.00 +0\.25 +0\.75 +0\.50 +0\.50 +0\.50$/m);
    expect(text).toMatch(/^SELF-JUDGE +0\.80 \[\.70 \.90\] +0\.70 \[\.60 \.80\] +0\.90 \[\.80 1\.0\]$/m);
    expect(text).toContain('  JSFT        0.88  lime, cow.\n  SELF-JUDGE  1.00  lime, kiwi.');
    expect(text).toContain('runs/quickstart (models in');
  });
});
