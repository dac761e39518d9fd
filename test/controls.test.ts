import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PreferencePair } from '@selfjudge/data';
import type { Model } from '@selfjudge/engine';
import type { Estimate } from '@selfjudge/evaluation';
import type { Judge } from '@selfjudge/judging';
import { quickstartDefaults } from '../packages/selfjudge/src/world/quickstart.js';
import type { Trained } from '../packages/selfjudge/src/world/phase.js';
import { WorldTraining } from '../packages/selfjudge/src/world/training.js';
import { difference, scoreJudge, measure } from '../packages/selfjudge/src/world/measure.js';
import { shuffleLabels } from '../packages/selfjudge/src/world/pairs.js';

/** A judge that means the opposite. */
const negated = (judge: Judge): Judge => ({
  async compare(pairs, options) {
    const verdicts = await judge.compare(pairs, options);
    return verdicts.map((verdict) => ({
      ...verdict,
      winner: verdict.winner === 'a' ? 'b' : verdict.winner === 'b' ? 'a' : verdict.winner,
      probability: 1 - verdict.probability,
    }));
  },
});

/** Every principle's label turned round. */
const turned = (pair: PreferencePair): PreferencePair => {
  const labels = Object.entries(pair.labels!).map(([name, label]) => [
    name,
    name === 'overall' || label === 'rejected' ? 'chosen' : 'rejected',
  ]);
  return { ...pair, labels: Object.fromEntries(labels) };
};

/** The small world in reduced sizes: what a judge is worth decides where self-training goes. */
describe('controls of self-training', () => {
  const outputDir = mkdtempSync(join(tmpdir(), 'selfjudge-controls-'));
  // A smaller learning rate than usual: what has moved too far from its start is not kept, and shows nothing.
  const sizes = { seed: 2, jsftSteps: 200, steps: 40, learningRate: 1e-4, labelNoise: 0.1 };
  let world: WorldTraining;
  let base: Model;
  let jsft: Trained;
  /** Of the honest judge. */
  let honest: Estimate;

  beforeAll(async () => {
    world = await WorldTraining.open({ ...quickstartDefaults, ...sizes, outputDir }, { onPhase: () => {} });
    base = await world.base();
    jsft = await world.jsft(base);
  }, 600_000);
  afterAll(() => rmSync(outputDir, { recursive: true }));

  /** Of the honest judge. */
  let right: Estimate;
  let draws = 0;
  const answersOf = async ({ model }: Trained) => {
    const answers = await world.answers(model, world.splits.test, 4, ++draws);
    return answers.map((of) => of.map(({ text }) => text));
  };
  /** Gold after minus before, on held-out prompts, with its interval. */
  const gain = async (before: Trained, after: Trained) => {
    const [start, end] = [await answersOf(before), await answersOf(after)];
    const score = (answers: string[][]) => measure(world.splits.test, answers, start);
    return difference(score(end), score(start)).gold;
  };
  /** Of the honest JSFT: what every judge is asked about. */
  let judged: string[][];
  const accuracyOf = async ({ model }: Pick<Trained, 'model'>) =>
    (await scoreJudge(world.judge(model), world.splits.test, judged)).accuracy;

  it('the honest judge is right more often than not, and self-training by it raises gold', async () => {
    judged = await answersOf(jsft);
    right = await accuracyOf(jsft);
    expect(right.low).toBeGreaterThan(0.6);
    const own = await world.selfTrain(jsft.model);
    expect(own.step).toBeGreaterThan(0);
    honest = await gain(jsft, own);
    expect(honest.low).toBeGreaterThan(0);
  }, 600_000);

  it('by the negated judge it lowers gold', async () => {
    const judge = negated(world.judge(jsft.model));
    const own = await world.selfTrain(jsft.model, { name: 'self-train-negated', judge });
    expect(own.step).toBeGreaterThan(0);
    expect((await gain(jsft, own)).high).toBeLessThan(0);
  }, 600_000);

  it('with random labels the judge is worse than with honest ones', async () => {
    const random = await world.jsft(base, {
      name: 'jsft-random',
      relabel: (pairs) => shuffleLabels(pairs, 1),
    });
    // Not a coin: made to name one, the base leans to the answer that has more things right, as the reviews it read do.
    expect((await accuracyOf(random)).value).toBeLessThan(right.value - 0.02);
  }, 600_000);

  it('with labels that are turned round it prefers the worse, and self-training by it does not raise gold', async () => {
    const judge = await world.jsft(base, { name: 'jsft-turned', relabel: (pairs) => pairs.map(turned) });
    expect((await accuracyOf(judge)).value).toBeLessThan(0.5);
    const own = await world.selfTrain(jsft.model, {
      name: 'self-train-turned',
      judge: world.judge(judge.model),
    });
    // What it may not do is gain, let alone as much as by a judge.
    const drift = await gain(jsft, own);
    expect(drift.low).toBeLessThan(0);
    expect(drift.high).toBeLessThan(honest.low);
  }, 600_000);
});
