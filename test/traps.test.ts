// What went wrong in the method's original code and must not go wrong here. One test a trap, named after it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { generate, Model, TreeBatch } from '@selfjudge/engine';
import { completionIds, loadJudgedPairs, loadPreferences, promptIds } from '@selfjudge/data';
import { judgeSequences, loadJudgeTemplate, parseJudgeTemplate, TokenJudge } from '@selfjudge/judging';
import { jsft, loadModel, selfTrain } from 'selfjudge';
import {
  loraTrainable,
  preparePairs,
  preparePrompts,
  prepareSft,
  selfTrainingDefaults,
} from '@selfjudge/training';
import { jitter, tinyLora } from '../packages/training/src/testing/tiny.js';
import { temporaryFolder } from './support/cli.js';
import { dispose, firstStep, model, prompts, questions, start, tokenizer } from './support/firstStep.js';
import { writeRows } from './support/tinyModel.js';
import { bosTokenizer } from './support/tokenizers.js';

const plain = loadJudgeTemplate('plain');
const folder = temporaryFolder();
const at = (name: string) => join(folder.path, name);
beforeAll(() => model.save(at('base')));
afterAll(() => {
  dispose();
  folder.remove();
});
const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);

it('end tokens appended to cut answers: a cut answer has none, wherever it is trained on', async () => {
  const ends = (tokens: number[]) => tokenizer.eos.includes(tokens.at(-1)!);
  const { answers, pairs } = await firstStep();
  const cut = answers.filter(({ finish }) => finish === 'length');
  expect(cut.length).toBeGreaterThan(0);
  expect(cut.length).toBeLessThan(answers.length);
  for (const { tokens, finish } of answers) expect(ends(tokens)).toBe(finish === 'eos');
  const trainedOn = pairs.flatMap(({ chosen, rejected }) => [chosen.tokens, rejected.tokens]);
  expect(trainedOn.filter(ends)).toHaveLength(answers.length - cut.length);
  // No cut answer is in a pair by default, and against a finished one it loses without a judge where asked for.
  const dropped = await firstStep({ missingEos: 'drop' });
  for (const { chosen, rejected } of dropped.pairs)
    expect([chosen.tokens, rejected.tokens].every(ends)).toBe(true);
  const lost = await firstStep({ missingEos: 'lose' });
  const decided = lost.contests.filter(({ a, b, fate }) => fate === 'pair' && a.finish !== b.finish);
  expect(decided.length).toBeGreaterThan(0);
  for (const { a, winner, verdict } of decided) {
    expect(winner).toBe(a.finish === 'eos' ? 'a' : 'b');
    expect(verdict).toBeUndefined();
  }
  // The same for answers of a file that are shortened to fit.
  const rows = [{ id: 'long', prompt: 'Why?', chosen: 'x'.repeat(200), rejected: 'y'.repeat(10) }];
  const { examples, cut: shortened } = preparePairs(tokenizer, rows, { maxLength: 150 });
  expect(shortened).toBe(1);
  expect([ends(examples[0].chosen.tokens), ends(examples[0].rejected.tokens)]).toEqual([false, true]);
});

it('sampled ids decoded and tokenised again, rows not found again masked out: ids are kept, every pair counts', async () => {
  const { contests, pairs, answers, metrics, examples } = await firstStep();
  const spoken = ({ tokens, finish }: (typeof answers)[0]) =>
    finish === 'eos' ? tokens.slice(0, -1) : tokens;
  const changed = answers.filter(
    (answer) => String(tokenizer.encodeAnswer(answer.text)) !== String(spoken(answer)),
  );
  // Random bytes are seldom text: tokenising again would have trained on something else.
  expect(changed.length).toBeGreaterThan(answers.length / 2);
  const judged = contests.filter(({ fate }) => fate === 'pair');
  expect(examples).toEqual(judged.map(({ prompt }) => prompt.id));
  pairs.forEach(({ prompt, chosen, rejected }, i) => {
    const { a, b, winner } = judged[i];
    const [won, lost] = winner === 'a' ? [a, b] : [b, a];
    expect([prompt, chosen.tokens, rejected.tokens]).toEqual([
      judged[i].prompt.tokens,
      won.tokens,
      lost.tokens,
    ]);
  });
  // The trainer's log-probabilities of these ids are the sampler's, so each pair's loss is log 2, none is left out.
  expect(metrics['sampling/logp_diff']).toBe(0);
  expect(metrics.loss).toBe(Math.LN2);
  // A prompt that does not fit is counted and left out as a whole, never cut and lost.
  const long = preparePrompts(tokenizer, [{ id: 'long', prompt: 'x'.repeat(200) }], { maxPromptLength: 100 });
  expect(long).toMatchObject({
    examples: [],
    dropped: [{ id: 'long', problem: { code: 'prompt-too-long' } }],
  });
});

it('length metrics count prompt and padding: they count the answer alone', async () => {
  const rows = [...questions.slice(0, 3), { id: 'long', prompt: 'y'.repeat(900) }];
  const asked = preparePrompts(tokenizer, rows, { maxPromptLength: 1000 }).examples;
  const { metrics, answers } = await firstStep({ maxNewTokens: 20 }, asked);
  const lengths = answers.map(({ tokens }) => tokens.length);
  expect(metrics['completions/mean_length']).toBe(sum(lengths) / 8);
  expect(metrics['completions/min_length']).toBe(Math.min(...lengths));
  expect(metrics['completions/max_length']).toBe(20);
});

it.each(['rule', 'template'] as const)(
  'BOS in judge prompts and not in SFT rows: exactly once at the head of everything, by %s',
  (by) => {
    const own = bosTokenizer(by);
    expect(own.bos).toBeDefined();
    // Data that names the token says nothing.
    const pair = { id: '1', prompt: '<s>Why?', chosen: '<s>Because.', rejected: 'No. <s>' };
    const messages = [
      { role: 'user' as const, content: pair.prompt },
      { role: 'assistant' as const, content: pair.chosen },
    ];
    const sequences: Record<string, ArrayLike<number>[]> = {
      sft: prepareSft(own, [{ id: '1', messages }], { maxLength: 1000 }).examples.flatMap(tokensOf),
      'sft, all turns': prepareSft(own, [{ id: '1', messages: [...messages, ...messages] }], {
        maxLength: 1000,
        trainOn: 'all',
      }).examples.flatMap(tokensOf),
      jsft: tokensOf(judgeSequences(pair, plain, own)),
      judging: new TokenJudge(model.view(), own, plain)
        .sequences({ prompt: pair.prompt, a: pair.chosen, b: pair.rejected })
        .map(({ tokens }) => tokens),
      dpo: preparePairs(own, [pair], { maxLength: 1000 }).examples.flatMap(({ prompt, chosen, rejected }) => [
        [...prompt, ...chosen.tokens],
        [...prompt, ...rejected.tokens],
      ]),
      generation: [promptIds(own, pair.prompt)],
      'self-training': preparePrompts(own, [pair], { maxPromptLength: 1000 }).examples.map((p) => p.tokens),
    };
    for (const [what, all] of Object.entries(sequences)) {
      expect(all.length, what).toBeGreaterThan(0);
      for (const tokens of all) {
        expect(tokens[0], what).toBe(own.bos);
        expect(
          Array.from(tokens).filter((id) => id === own.bos),
          what,
        ).toHaveLength(1);
      }
    }
  },
);

const tokensOf = ({ sequences }: { sequences: { tokens: ArrayLike<number> }[] }) =>
  sequences.map(({ tokens }) => tokens);

it('judge scores changed by sampling settings: they are probabilities under the whole vocabulary', async () => {
  const view = model.view([start]);
  const judge = new TokenJudge(view, tokenizer, plain);
  const pair = { prompt: 'Why?', a: 'So.', b: 'Because it is.' };
  const [{ evidence }] = await judge.compare([pair]);
  const { orders } = evidence!;
  const labels = Array.from({ length: model.config.vocabSize }, (_, id) => id);
  for (const [i, { tokens }] of judge.sequences(pair).entries()) {
    const everyId = { tokens, candidates: [{ position: tokens.length - 1, labels }] };
    const p = Array.from(await view.score(TreeBatch.from([everyId])), Math.exp);
    expect(sum(p)).toBeCloseTo(1, 5);
    expect([orders[i].pA, orders[i].pB]).toEqual([' A', ' B'].map((text) => p[tokenizer.encode(text)[0]]));
  }
  // Tournaments among answers that were sampled in a narrow way are judged as ever.
  const opened = await loadModel(at('base'), { dtype: 'float32' });
  const narrow = { bestOf: 4, maxNewTokens: 5, temperature: 0.3, topP: 0.5, topK: 20 };
  const { candidates, tournament } = await opened.generate('Why?', narrow);
  for (const { a, b, verdict } of tournament!.rounds.flatMap(({ matches }) => matches)) {
    const [plainly] = await opened.judge([{ prompt: 'Why?', a: candidates![a], b: candidates![b] }]);
    expect(verdict).toEqual(plainly);
  }
  opened.dispose();
});

it('identical pairs kept: they are dropped and counted, sampled ones and those of files', async () => {
  const { contests, pairs, metrics, tokens } = await firstStep({ temperature: 0, maxNewTokens: 8 });
  expect(contests.every(({ fate, verdict }) => fate === 'equal' && verdict === undefined)).toBe(true);
  expect([pairs.length, tokens, metrics['completions/equal_ratio'], metrics.grad_norm]).toEqual([0, 0, 1, 0]);

  writeRows(folder.path, 'equal.jsonl', [
    { prompt: 'a', chosen: 'yes', rejected: 'no' },
    { prompt: 'b', chosen: 'same', rejected: ' same ' },
  ]);
  const { rows, issues } = await loadPreferences(at('equal.jsonl'));
  expect(rows).toHaveLength(1);
  expect(issues).toMatchObject([{ line: 2, code: 'equal-answers' }]);
  const alike = [{ id: 'cut', prompt: 'a', chosen: 'x'.repeat(300), rejected: 'x'.repeat(400) }];
  const prepared = preparePairs(tokenizer, alike, { maxLength: 100 });
  expect(prepared).toMatchObject({
    examples: [],
    dropped: [{ id: 'cut', problem: { code: 'equal-answers' } }],
  });
});

it("top-k left to a library's default of 50: it is 0, all of the vocabulary, unless asked for", async () => {
  expect(selfTrainingDefaults.topK).toBe(0);
  const first = async (o: object) => {
    const samples = await generate(model.view(), [prompts[0].tokens], { maxNewTokens: 1, count: 400, ...o });
    return new Set(samples[0].map(({ tokens }) => tokens[0])).size;
  };
  // The random model is nearly uniform over its 261 ids.
  expect(await first({})).toBeGreaterThan(150);
  expect(await first({ topK: 50 })).toBeLessThanOrEqual(50);
});

it('format rules applied to templates and contents: stray braces are text', async () => {
  const braces = '{ {0} {{unknown}} {{context}} {% raw %} }';
  const template = parseJudgeTemplate({
    name: 'braces',
    user: `${braces}\n{context}\nA: {response_a}\nB: {response_b}`,
    assistant: 'Better:{}',
  });
  const judge = new TokenJudge(model.view(), tokenizer, template);
  const pair = { prompt: '{response_b} {', a: '{context} {{ }} {response_a}', b: '{% for %}' };
  const [{ winner, evidence }] = await judge.compare([pair]);
  expect(winner).not.toBeNull();
  const [shown, turned] = evidence!.orders.map(({ rendered }) => rendered);
  expect(shown).toContain('{ {0} {unknown} {context} {% raw %} }');
  expect(shown).toContain('\n{response_b} {\nA: {context} {{ }} {response_a}\nB: {% for %}');
  expect(turned).toContain('\nA: {% for %}\nB: {context} {{ }} {response_a}');
  expect(shown.endsWith('Better:{}')).toBe(true);
});

it('rows without a rating become NaN: they are issues with file and line, and no loss is NaN', async () => {
  const good = { prompt: 'a', completions: ['x', 'y'], winner: 0 };
  const unrated = [
    { ...good, winner: null },
    { ...good, winner: NaN },
    { prompt: 'a', completions: ['x', 'y'] },
  ];
  writeRows(folder.path, 'judged.jsonl', [good, ...unrated]);
  const judged = await loadJudgedPairs(at('judged.jsonl'));
  expect(judged.rows).toHaveLength(1);
  expect(judged.issues.map(({ line }) => line)).toEqual([2, 3, 4]);
  writeRows(folder.path, 'pairs.jsonl', [
    { prompt: 'a', chosen: null, rejected: 'y' },
    { prompt: 'b', chosen: 'x', rejected: 'y' },
  ]);
  const { rows, issues } = await loadPreferences(at('pairs.jsonl'));
  expect([rows.length, issues.length, issues[0].line]).toEqual([1, 1, 1]);

  // Labels by principle that answer none of the judge's questions: no judge example, counted; the rest is trained on.
  const opened = await loadModel(at('base'), { dtype: 'float32' });
  const warnings: string[] = [];
  const result = await jsft(opened, {
    dataset: [
      { prompt: 'a', chosen: 'x', rejected: 'y', labels: {} },
      { prompt: 'b', chosen: 'x', rejected: 'y', labels: { honesty: 'rejected' } },
    ],
    judgeTemplate: 'principles',
    lora: { r: 1 },
    maxLength: 2000,
    maxSteps: 1,
    outputDir: at('unrated'),
    onWarning: (text) => warnings.push(text),
  });
  expect(warnings.join()).toMatch(/1 of 2 judge examples left out\n.*no label answers a question/);
  const { last } = result as { last: Record<string, number> };
  expect(last['loss/verdict']).toBeGreaterThan(0);
  expect(Object.values(last).filter((value) => !Number.isFinite(value))).toEqual([]);
  opened.dispose();
});

it('an adapter loaded as a full model: base, frozen adapter, second adapter, saved as ONE exact adapter', async () => {
  const opened = await loadModel(at('base'), { dtype: 'float32' });
  const weights = readFileSync(at('base/model.safetensors'));
  const dataset = questions.map(({ prompt }, i) => ({ prompt, chosen: `Yes ${i}`, rejected: 'No' }));
  const quick = { maxSteps: 2, learningRate: 1e-2, trainBatchSize: 4, judgeBatchSize: 4 };
  await jsft(opened, { ...quick, dataset, lora: { r: 2 }, outputDir: at('jsft') });
  opened.dispose();
  await expect(Model.load(at('jsft'))).rejects.toThrow('received an adapter');

  const own = await loadModel(at('jsft'), { dtype: 'float32' });
  expect(own.opened.adapter?.config.r).toBe(2);
  const learnt = await own.score([{ prompt: 'Name 1?', completion: 'Yes 1' }]);
  const { judgeBatchSize: _, ...settings } = quick;
  const run = { ...settings, maxNewTokens: 6, missingEos: 'keep' as const, lora: { r: 1 } };
  const losses: number[] = [];
  const onStep = ({ metrics }: { metrics: Record<string, number> }) => losses.push(metrics.loss);
  await selfTrain(own, { ...run, prompts: questions.map((q) => q.prompt), outputDir: at('self'), onStep });
  // The reference is base + JSFT adapter: policy and reference begin as the same bits.
  expect(losses[0]).toBe(Math.LN2);
  own.dispose();
  const config = JSON.parse(readFileSync(at('self/final/adapter_config.json'), 'utf8'));
  expect(config).toMatchObject({ r: 3, base_model_name_or_path: at('base') });
  expect(readFileSync(at('base/model.safetensors')).equals(weights)).toBe(true);
  const trained = await loadModel(at('self'), { dtype: 'float32' });
  expect(await trained.score([{ prompt: 'Name 1?', completion: 'Yes 1' }])).not.toEqual(learnt);
  trained.dispose();
});

it('two adapters in one: the saved adapter computes what the two computed', async () => {
  const trainable = loraTrainable(model, { ...tinyLora, r: 3, alpha: 5 }, { seed: 5, start });
  jitter(trainable.parameters.policy, await trainable.parameters.policy.read(), 6, 0.1);
  await trainable.save(at('stacked'));
  const tokens = [...promptIds(tokenizer, 'Why?'), ...completionIds(tokenizer, 'So it is.', { eos: true })];
  const tree = TreeBatch.from([{ tokens, targets: [[5, tokens.length]] }]);
  const two = await trainable.policy.score(tree);
  const one = await loadModel(at('base'), { dtype: 'float32', adapter: at('stacked') });
  const together = await one.opened.view.score(tree);
  two.forEach((value, i) => expect(together[i]).toBeCloseTo(value, 4));
  const without = await trainable.reference.score(tree);
  expect(Math.max(...without.map((value, i) => Math.abs(value - two[i])))).toBeGreaterThan(1e-2);
  one.dispose();
  trainable.dispose();
});
