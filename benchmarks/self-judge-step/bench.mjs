// One SELF-JUDGE step on SmolLM2-135M against transformers + PEFT, bf16: 8 prompts x 2 samples of exactly 128 tokens,
// both-order judging, reference and policy log-probabilities, backward, AdamW on LoRA r 8 of q and v.
import { fileURLToPath } from 'node:url';
import { ours } from '../beside.mjs';
import { pythonPackages, result } from '../compare.mjs';
import { Contender, interleave } from '../harness.mjs';
import { realModel } from '../../scripts/realModel.mjs';
import { Device, Model } from '../../packages/engine/dist/index.js';
import { stepWork } from './work.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export async function run({ rounds, prompts, python, device, model: given, beside }) {
  const weights = given ? { path: given } : realModel();
  if (weights.missing) return { skipped: weights.missing };
  const versions = beside ? {} : pythonPackages(python, ['torch', 'transformers', 'peft']);
  if (versions === undefined)
    process.stderr.write(
      `${python} has no torch, transformers and peft (benchmarks/peers/requirements.txt)\n`,
    );

  const model = await Model.load(weights.path, { device: Device.open('cpu'), dtype: 'bf16' });
  const work = await stepWork(model.tokenizer, { prompts });
  model.dispose();
  const sides = ours('self-judge-step', [weights.path, device], beside);
  if (!beside && versions)
    sides.push(new Contender('peer', python, [here('../peers/self_judge_step.py'), weights.path, device]));
  const answers = await interleave(sides, work, {
    rounds,
    onRound: (name, round, a) =>
      process.stderr.write(`${name} ${round}: ${a.seconds.toFixed(1)} s ${JSON.stringify(a.phases)}\n`),
  });
  await Promise.all(sides.map((side) => side.close()));

  const shape = {
    prompts: work.prompts.map((p) => p.length),
    samples: 2,
    new_tokens: work.new_tokens,
    dtype: work.dtype,
  };
  const of = (metric, unit, value, flops) => {
    const [mine, peer] = answers.map((side) => side.map(value));
    const peerName = beside?.name ?? 'transformers + PEFT';
    const made = result({ name: 'self-judge-step', shape, metric, unit, ours: mine, peer, peerName });
    return { ...made, ...(flops && { ours_tflops: flops / made.ours / 1e12 }) };
  };
  const counts = answers[0][0].flops;
  const sum = (values) => values.reduce((a, b) => a + b, 0);
  return {
    versions: { ...versions, path: answers[0][0].path, device: answers[0][0].device },
    results: [
      of('step', 's', (a) => a.seconds, sum(Object.values(counts))),
      ...Object.entries(counts).map(([phase, flops]) => of(phase, 's', (a) => a.phases[phase], flops)),
      of('peak memory', 'MB', (a) => a.peak_mb),
    ],
  };
}
