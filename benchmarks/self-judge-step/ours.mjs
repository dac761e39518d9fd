// One SELF-JUDGE step of ours, served line by line: the same work as benchmarks/peers/self_judge_step.py.
import { createInterface } from 'node:readline';
import { Device, Model, generate, plan, scoreSequences } from '../../packages/engine/dist/index.js';
import {
  AdamW,
  loraTrainable,
  preferenceBackward,
  selfTrainingDefaults,
} from '../../packages/training/dist/index.js';
import { peakMb, resetPeak } from '../peak.mjs';

const options = { ...selfTrainingDefaults, learningRate: 5e-6, tokenBudget: 1024 };
const tokenBudget = options.tokenBudget;
const JUDGE_BUDGET = 4096; // rows of a tree, as Judge.compare has it
let model, trainable, optimizer;
let steps = 0;

async function step({ prompts, judge, new_tokens: maxNewTokens }) {
  const phases = {};
  const flops = {};
  let last = performance.now();
  let counted = model.device.counters().flops;
  const lap = (name) => {
    const now = performance.now();
    const count = model.device.counters().flops;
    phases[name] = (now - last) / 1000;
    flops[name] = count - counted;
    last = now;
    counted = count;
  };
  const answers = await generate(trainable.policy, prompts, {
    count: 2,
    maxNewTokens,
    temperature: 1,
    topP: 0.9,
    topK: 0,
    seed: 1,
    eos: [],
    firstSequence: steps * 16,
  });
  lap('sample');

  // Both orders of a pair share the head and the prompt; the two verdicts are two labels of one row.
  const questions = prompts.map((prompt, i) => {
    const [x, y] = answers[i].map((s) => s.tokens);
    const sequences = [
      [x, y],
      [y, x],
    ].map(([first, second]) => {
      const tokens = [judge.head, prompt, judge.a, first, judge.b, second, judge.tail].flat();
      return { tokens, candidates: [{ position: tokens.length - 1, labels: judge.verdicts }] };
    });
    return { sequences };
  });
  const logp = [];
  for (const { batch } of plan(questions, JUDGE_BUDGET))
    logp.push(...(await trainable.reference.score(batch)));
  const p = logp.map(Math.exp);
  lap('judge');

  const reference = await scoreSequences(
    prompts.map((prompt, i) =>
      answers[i].map(({ tokens }) => ({
        tokens: prompt.concat(tokens),
        targets: [[prompt.length, prompt.length + tokens.length]],
      })),
    ),
    trainable.reference,
    tokenBudget,
  );
  lap('reference');

  const pairs = prompts.map((prompt, i) => {
    const firstWins = p[4 * i] + p[4 * i + 3] > p[4 * i + 1] + p[4 * i + 2];
    const both = answers[i].map(({ tokens, logprobs }, side) => ({
      tokens,
      logprobs,
      reference: reference[i][side],
    }));
    const [chosen, rejected] = firstWins ? both : both.reverse();
    return { id: String(i), prompt, chosen, rejected };
  });
  const metrics = await preferenceBackward(pairs, trainable, options, tokenBudget);
  await optimizer.step(options.learningRate);
  lap('update');
  steps++;
  return { phases, flops, metrics };
}

for await (const line of createInterface({ input: process.stdin })) {
  const work = JSON.parse(line);
  if (!model) {
    const device = Device.open(process.argv[3]);
    model = await Model.load(process.argv[2], { device, dtype: work.dtype });
    trainable = loraTrainable(
      model,
      { r: 8, alpha: 16, dropout: 0, targetModules: ['q_proj', 'v_proj'] },
      { seed: 0 },
    );
    optimizer = new AdamW(trainable.parameters, options);
  }
  model.device.resetPeak();
  await resetPeak();
  const start = performance.now();
  const { phases, flops, metrics } = await step(work);
  const answer = {
    seconds: (performance.now() - start) / 1000,
    phases,
    flops,
    // On the CPU of the process; on a GPU of device memory, as the peer reports it.
    peak_mb: model.device.name === 'cpu' ? peakMb() : model.device.memory().peak / 2 ** 20,
    path: model.device.path,
    device: model.device.description,
    metrics,
  };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
