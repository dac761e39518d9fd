// Prints the result of examples/hh-smollm2/run.mjs as Markdown:
//   node examples/hh-smollm2/report.mjs runs/hh-smollm2 > docs/results/hh-smollm2.md
// Every number comes from the run folder.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readEnvironment, readMetrics } from '../../packages/training/dist/runs/index.js';

const folder = process.argv[2] ?? 'runs/hh-smollm2';
const metrics = (run) => readMetrics(join(folder, run)).rows.map((row) => row.metrics);

const evaluation = JSON.parse(readFileSync(join(folder, 'evaluation.json'), 'utf8'));
const { judge, baselineJudge, outsideJudge, winRate, implicitReward, samples } = evaluation;
const environment = readEnvironment(join(folder, 'self-train'));
const steps = metrics('self-train');
const last = steps.at(-1);
const share = ({ value, low, high }) => `${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
const row = (...cells) => `| ${cells.join(' | ')} |`;
const mean = (key) => steps.slice(-5).reduce((sum, at) => sum + at[key], 0) / Math.min(5, steps.length);
const seconds = (run) =>
  metrics(run).reduce(
    (sum, at) => sum + Object.keys(at).reduce((s, key) => s + (key.startsWith('time/') ? at[key] : 0), 0),
    0,
  );
const minutes = ['jsft', 'self-train', 'outside-judge']
  .map((run) => `${run} ${(seconds(run) / 60).toFixed(1)}`)
  .join(', ');

const quote = (text) => {
  const short = text.length > 300 ? `${text.slice(0, 300)} …` : text;
  return short.trim().replace(/^/gm, '> ');
};
const promptText = (prompt) => (typeof prompt === 'string' ? prompt : prompt.at(-1).content);

/** What the intervals allow to say. */
function reading() {
  const { rate, lengthControlled } = winRate.outsideJudge;
  const side = ({ low, high }) => (low > 0.5 ? 'more' : high < 0.5 ? 'less' : 'not more or less');
  const length = baselineJudge.longerChosen.low > baselineJudge.shorterChosen.high;
  return [
    `The judge agrees with people ${side(baselineJudge.accuracy)} often than a coin.`,
    length
      ? `It reads length: where people preferred the longer answer it is right ${(100 * baselineJudge.longerChosen.value).toFixed(0)}% of the time, where the shorter one ${(100 * baselineJudge.shorterChosen.value).toFixed(0)}%.`
      : 'Its accuracy does not depend on which answer is longer.',
    `The outside judge prefers the answers after self-training ${side(rate)} often than those before; with lengths controlled, ${side(lengthControlled)} often.`,
    `The policy's implicit reward agrees with people ${side(implicitReward.accuracy)} often than a coin.`,
  ].join('\n');
}

process.stdout.write(`# SmolLM2-135M-Instruct on HH-helpful

\`node examples/hh-smollm2/run.mjs --data helpful.train.jsonl.gz\`: JSFT, then self-training by its own judgment, LoRA on
${environment.cpu}, ${environment.cpus} threads, device ${environment.device} (${environment.path}). Minutes of training: ${minutes}. Intervals are 95%.

## Does the judge agree with people?

On held-out pairs (test split) of up to 256 tokens.

| judge | accuracy | n | chosen is longer | chosen is shorter | always the longer |
| --- | --- | --- | --- | --- | --- |
${row('JSFT model, frozen: it gave the verdicts', share(baselineJudge.accuracy), baselineJudge.accuracy.n, share(baselineJudge.longerChosen), share(baselineJudge.shorterChosen), share(baselineJudge.alwaysLonger))}
${row('the same after self-training: it judged nothing', share(judge.accuracy), judge.accuracy.n, share(judge.longerChosen), share(judge.shorterChosen), share(judge.alwaysLonger))}
${row('outside judge (other seed, other pairs)', share(outsideJudge.accuracy), outsideJudge.accuracy.n, share(outsideJudge.longerChosen), share(outsideJudge.shorterChosen), share(outsideJudge.alwaysLonger))}

## Are the answers better than before self-training?

One answer a prompt from each, temperature 1, top-p 0.9, at most 64 tokens. The training judge is what self-training
optimised against: its rate is no evidence.

| judge | win rate | length-controlled | always the longer | n | mean length (characters) |
| --- | --- | --- | --- | --- | --- |
${row('outside judge', share(winRate.outsideJudge.rate), share(winRate.outsideJudge.lengthControlled), share(winRate.outsideJudge.alwaysLonger), winRate.outsideJudge.rate.n, `${winRate.outsideJudge.meanLength.a.toFixed(0)} against ${winRate.outsideJudge.meanLength.b.toFixed(0)}`)}
${row('training judge (optimised against)', share(winRate.ownJudge.rate), share(winRate.ownJudge.lengthControlled), share(winRate.ownJudge.alwaysLonger), winRate.ownJudge.rate.n, `${winRate.ownJudge.meanLength.a.toFixed(0)} against ${winRate.ownJudge.meanLength.b.toFixed(0)}`)}

Implicit reward on the human pairs: accuracy ${share(implicitReward.accuracy)} (n ${implicitReward.accuracy.n}), mean margin ${implicitReward.margin.toFixed(4)}.

## Reading

${reading()}

## The training

${steps.length} steps; last: KL ${last['sampling/kl'].toFixed(3)} nats an answer, \`sampling/logp_diff\` ${last['sampling/logp_diff']}. Mean of the last five steps: position
consistency of the judge ${mean('judge/position_consistency').toFixed(2)}, share of verdicts for the first answer ${mean('judge/first_rate').toFixed(2)}, mass on the two verdicts
${mean('judge/ab_mass').toFixed(3)}, ${mean('completions/mean_length').toFixed(1)} tokens an answer, ${(100 * mean('completions/clipped_ratio')).toFixed(0)}% cut at the limit.

## Samples

${samples
  .slice(0, 5)
  .map(
    ({ prompt, answer, baseline }) =>
      `Prompt:\n\n${quote(promptText(prompt))}\n\nJSFT:\n\n${quote(baseline)}\n\nSELF-JUDGE:\n\n${quote(answer)}`,
  )
  .join('\n\n---\n\n')}
`);
