// A reward model on the real weights: against transformers' (benchmarks/peers/reward_scores.py), float32.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Adapter, RewardModel, ScoreHead, TreeBatch } from '@selfjudge/engine';
import { answeredIds } from '@selfjudge/data';
import { temporaryFolder } from '../support/cli.js';
import { peerPython } from '../support/peerPython.js';
import { pythonRewards } from '../support/pythonRewards.js';
import { figure, largestDifference, loadReal, root, weights } from './real.js';

if (peerPython === undefined)
  console.log('skipped: PYTHON is not set (an interpreter with transformers and peft)');

describe.skipIf(weights === '' || peerPython === undefined)('a reward model saved here, in Python', () => {
  it('gives the same rewards, all weights and an adapter', async () => {
    const model = await loadReal();
    const head = ScoreHead.init(model, 1);
    const adapter = await Adapter.load(join(root, 'benchmarks/peers/fixtures/adapter'), model);
    const out = temporaryFolder();
    const full = new RewardModel(model.view(), head, model.tokenizer!.pad);
    await full.save(join(out.path, 'full'));
    const rows = ['An egg.', 'Boil it for seven minutes.', 'I do not know.'].map((answer) =>
      answeredIds(model.tokenizer!, 'How do I boil an egg?', answer),
    );
    const scores = (reward: RewardModel) =>
      reward.score(TreeBatch.from(rows.map((tokens) => reward.sequence(tokens))));
    const ofFull = pythonRewards({ rows, full: join(out.path, 'full') });
    const worst = largestDifference(await scores(full), ofFull.rewards);
    figure('rewards, largest difference', worst);
    expect(ofFull.pad).toBe(model.tokenizer!.pad);
    expect(worst).toBeLessThan(1e-3);
    const adapted = new RewardModel(model.view([adapter]), head, model.tokenizer!.pad);
    await adapted.save(join(out.path, 'adapter'));
    const work = { base: join(out.path, 'full'), adapter: join(out.path, 'adapter'), pad: ofFull.pad, rows };
    expect(largestDifference(await scores(adapted), pythonRewards(work).rewards)).toBeLessThan(1e-3);
    out.remove();
    for (const part of [adapter, head, model]) part.dispose();
  });
});
