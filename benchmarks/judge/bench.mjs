// Judging 64 pairs in both orders with the real weights against transformers, bf16. Both sides answer the same questions, of
// the same token ids, and must agree.
import { fileURLToPath } from 'node:url';
import { ours } from '../beside.mjs';
import { progress, pythonPackages, result } from '../compare.mjs';
import { Contender, interleave } from '../harness.mjs';
import { realModel } from '../../scripts/realModel.mjs';
import { Device, Model } from '../../packages/engine/dist/index.js';
import { loadJudgeTemplate, TokenJudge } from '../../packages/judging/dist/index.js';
import { judgePairs } from './pairs.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
/** Nats by which two bf16 forward passes of one question may differ: on average, and at most. */
const NOISE = { mean: 0.1, most: 0.5 };

function assertAgree(logp, peer) {
  const differences = logp.map((x, i) => Math.abs(x - peer[i]));
  const mean = differences.reduce((sum, d) => sum + d, 0) / differences.length;
  const most = Math.max(...differences);
  process.stderr.write(
    `verdict log-probabilities differ by ${mean.toPrecision(2)}, at most ${most.toPrecision(2)}\n`,
  );
  if (!(logp.length === peer.length && mean < NOISE.mean && most < NOISE.most))
    throw new Error(
      `verdicts: expected log-probabilities within ${JSON.stringify(NOISE)}, received ${mean}, ${most}`,
    );
}

export async function run({ rounds, python, device, model: given, tokens, pairs: count, beside }) {
  const weights = given ? { path: given } : realModel();
  if (weights.missing) return { skipped: weights.missing };
  const model = await Model.load(weights.path, { device: Device.open('cpu'), dtype: 'bf16' });
  const pairs = await judgePairs(model, count, tokens);
  const judge = new TokenJudge(model.view(), model.tokenizer, loadJudgeTemplate('plain'));
  const sequences = pairs.flatMap((pair) => judge.sequences(pair));
  model.dispose();
  const work = {
    pairs,
    sequences: sequences.map((one) => one.tokens),
    labels: sequences.map((one) => one.candidates[0].labels),
  };
  const lengths = work.sequences.map((one) => one.length);
  const base = {
    name: 'judge',
    shape: {
      pairs: pairs.length,
      orders: 2,
      tokens: lengths.reduce((sum, n) => sum + n, 0),
      longest: Math.max(...lengths),
      dtype: 'bf16',
    },
    metric: 'pairs a second',
    unit: 'pairs/s',
    more: true,
  };

  const packages = beside ? {} : pythonPackages(python, ['torch', 'transformers']);
  if (packages === undefined)
    process.stderr.write(`${python} has no torch and transformers (benchmarks/peers/requirements.txt)\n`);
  const sides = ours('judge', [weights.path, device], beside);
  if (!beside && packages)
    sides.push(new Contender('transformers', python, [here('../peers/judge.py'), weights.path, device]));
  const [mine, peer] = await interleave(sides, work, { rounds, onRound: progress });
  await Promise.all(sides.map((side) => side.close()));
  const rate = ({ seconds }) => pairs.length / seconds;
  const against = {};
  if (peer !== undefined) {
    assertAgree(mine[0].logp, peer[0].logp);
    against.peer = peer.map(rate);
    against.peerName = beside?.name ?? `transformers ${packages.transformers}, batches of ${peer[0].batch}`;
  }
  return {
    versions: { ...packages, path: mine[0].path, device: mine[0].device },
    results: [result({ ...base, ours: mine.map(rate), ...against })],
  };
}
