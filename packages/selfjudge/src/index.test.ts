import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Adapter, Device, RewardModel } from '@selfjudge/engine';
import { byteModel } from '@selfjudge/testing/tinyModel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveConfig } from './config/index.js';
import {
  dpo,
  evaluateJudge,
  isError,
  jsft,
  loadModel,
  loadPreferences,
  selfTrain,
  sft,
  train,
  type JsftSettings,
  type Model,
  type PreferenceRow,
  type RunSettings,
} from './index.js';
import { runTraining } from './training/train.js';

const rows: PreferenceRow[] = Array.from({ length: 6 }, (_, i) => ({
  prompt: `Name ${i}?`,
  chosen: `Yes ${i}.`,
  rejected: 'No.',
}));
const quick = { trainBatchSize: 3, maxSteps: 2, learningRate: 1e-2, saveSteps: 0 };
const small = { ...quick, lora: { r: 2 }, judgeBatchSize: 2 };

let dir: string;
let base: string;
const at = (name: string) => join(dir, name);
const open = (path = base) => loadModel(path, { dtype: 'float32' });
const probe = { prompt: 'Name 3?', completion: 'Yes.' };

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'selfjudge-api-'));
  base = at('base');
  const model = byteModel();
  await model.save(base);
  model.dispose();
});
afterAll(() => rm(dir, { recursive: true }));

describe('jsft', () => {
  it('leaves the model with what it saved, and goes the way of the command line', async () => {
    const model = await open();
    const [before] = await model.score([probe]);
    const seen: number[] = [];
    const outputDir = at('jsft');
    const result = await jsft(model, {
      ...small,
      dataset: rows,
      outputDir,
      onStep: ({ step, totalSteps }) => seen.push(step, totalSteps),
    });
    expect(result).toMatchObject({ status: 'completed', step: 2, final: join(outputDir, 'final') });
    expect(seen).toEqual([1, 2, 2, 2]);
    const [after] = await model.score([probe]);
    expect(after.tokens).toEqual(before.tokens);
    expect(after.logprob).not.toBe(before.logprob);
    const loaded = await open(outputDir);
    expect(await loaded.score([probe])).toEqual([after]);
    expect(loaded.path).toBe(model.path);

    const file = at('rows.jsonl');
    writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const flags = {
      model_name_or_path: base,
      dataset_name: file,
      dataset_split: 'all',
      prompt_format: 'chat',
      output_dir: at('cli'),
      dtype: 'float32',
      train_batch_size: '3',
      max_steps: '2',
      learning_rate: '1e-2',
      judge_batch_size: '2',
      lora_r: '2',
    };
    await runTraining('jsft', resolveConfig('jsft', { flags }));
    const bytes = (run: string) => readFileSync(join(run, 'final/adapter_model.safetensors'));
    expect(bytes(at('cli')).equals(bytes(outputDir))).toBe(true);
    for (const each of [model, loaded]) each.dispose();
  });

  it('refuses other rows in the same folder, and does a finished run no second time', async () => {
    const model = await open();
    const settings = { ...small, outputDir: at('again') };
    const first = await jsft(model, { ...settings, dataset: rows });
    const fresh = await open();
    const other = jsft(fresh, { ...settings, dataset: rows.slice(1) });
    await expect(other).rejects.toSatisfy((error) => isError(error, 'SJ_CONFIG'));
    const second = await jsft(fresh, { ...settings, dataset: rows });
    expect(second).toEqual({ ...first, alreadyDone: true });
    expect(await fresh.score([probe])).toEqual(await model.score([probe]));
    for (const each of [model, fresh]) each.dispose();
  });

  it('stops with a checkpoint when it is told to, and ends with the same bits', async () => {
    const stop = new AbortController();
    const settings = { ...small, dataset: rows, outputDir: at('stopped') };
    const first = await open();
    const interrupted = await jsft(first, { ...settings, signal: stop.signal, onStep: () => stop.abort() });
    expect(interrupted).toMatchObject({ status: 'interrupted', step: 1 });
    const model = await open();
    expect(await jsft(model, settings)).toMatchObject({ status: 'completed', step: 2 });
    const whole = await open();
    await jsft(whole, { ...settings, outputDir: at('whole') });
    expect(await model.score([probe])).toEqual(await whole.score([probe]));
    for (const each of [first, model, whole]) each.dispose();
  });

  it('counts rows that cannot be used, and names values out of range', async () => {
    const model = await open();
    const warnings: string[] = [];
    const mixed = [...rows, { prompt: 'x', chosen: 'same', rejected: 'same' }];
    await jsft(model, {
      ...small,
      dataset: mixed,
      outputDir: at('mixed'),
      onWarning: (text) => warnings.push(text),
    });
    expect(warnings.join()).toContain('1 equal-answers: rows:7');
    // Nobody gave a label of a principle.
    const asked = { ...small, judgeTemplate: 'principles', onWarning: (text: string) => warnings.push(text) };
    await jsft(model, { ...asked, dataset: rows, outputDir: at('one label') });
    expect(warnings.join()).toContain(
      `${rows.length} of ${rows.length} pairs have no label of a principle: their one label answers all 4 questions`,
    );
    const wrong = jsft(model, { ...small, judgeWeight: -1, dataset: rows, outputDir: at('wrong') });
    await expect(wrong).rejects.toThrow('judge_weight: expected at least 0');
    model.dispose();
  });
});

describe('the demonstrations of jsft', () => {
  const metricsOf = async (model: Model, settings: Partial<JsftSettings>, dir: string) => {
    const seen: Record<string, number>[] = [];
    const onStep: RunSettings['onStep'] = ({ metrics }) => seen.push(metrics);
    await jsft(model, { ...small, ...settings, dataset: rows, outputDir: at(dir), onStep });
    return seen;
  };

  it('come from rows of their own, or from none', async () => {
    const own = await open();
    const demonstrations = [{ prompt: 'x', completion: 'y' }];
    const [first] = await metricsOf(own, { demonstrations, trainBatchSize: 1 }, 'own demonstrations');
    // "y" and the end of the turn, beside the verdicts of both orders.
    const [chosen] = await metricsOf(await open(), { trainBatchSize: 1 }, 'chosen');
    expect(first['loss/verdict']).toBe(chosen['loss/verdict']);
    expect(first.tokens).toBeLessThan(chosen.tokens);

    const alone = await metricsOf(await open(), { sftWeight: 0 }, 'judge alone');
    expect(alone).toHaveLength(2);
    for (const metrics of alone) {
      expect(metrics).not.toHaveProperty(['loss/sft']);
      expect(metrics.loss).toBeCloseTo(metrics['loss/verdict'], 6);
    }
  });

  it('are of jsft alone', async () => {
    const model = await open();
    const settings = { ...small, dataset: rows, demonstrations: rows, outputDir: at('none') };
    await expect(train(model, 'dpo', settings)).rejects.toThrow(
      '[train] demonstrations: expected none: dpo reads none beside its rows, received rows',
    );
  });
});

describe('the other methods', () => {
  it('train from what the model is, and stack adapters into one', async () => {
    const model = await open();
    await sft(model, { ...quick, lora: { r: 2 }, dataset: rows, outputDir: at('sft') });
    await dpo(model, { ...quick, lora: { r: 3 }, dataset: rows, outputDir: at('dpo') });
    const losses: number[] = [];
    await selfTrain(model, {
      ...quick,
      lora: { r: 1 },
      maxNewTokens: 8,
      missingEos: 'keep',
      beta: 0.2,
      prompts: { rows: rows.map((row, i) => ({ ...row, id: `${i}` })), issues: [] },
      outputDir: at('self'),
      onStep: ({ metrics }) => losses.push(metrics.loss),
    });
    expect(losses[0]).toBe(Math.LN2);
    expect(model.opened.adapter?.config.r).toBe(6);
    const text = (name: string) => readFileSync(join(at('self'), name), 'utf8');
    expect(text('final/judge_template.yaml')).toContain('name: plain');
    expect(text('config.yaml')).toContain('6 + 0 rows in memory, sha256');
    model.dispose();
  });

  it('train all weights, and give the memory back', async () => {
    const device = Device.open();
    await device.sync();
    const before = device.memory().live;
    const model = await open();
    const settings = { ...quick, fullFinetuning: true, learningRate: 1e-4, dataset: rows };
    await jsft(model, { ...settings, judgeBatchSize: 2, outputDir: at('full') });
    await dpo(model, { ...settings, outputDir: at('full dpo') });
    expect(model.opened.adapter).toBeUndefined();
    const loaded = await open(at('full dpo'));
    expect(await model.score([probe])).toEqual(await loaded.score([probe]));
    for (const each of [model, loaded]) each.dispose();
    await device.sync();
    expect(device.memory().live).toBe(before);
  });

  it.each([false, true])('make a reward model and leave the model what it was, in full: %j', async (full) => {
    const model = await open();
    const [before] = await model.score([probe]);
    const settings = { ...quick, dataset: rows, outputDir: at(`reward ${full}`), fullFinetuning: full };
    const result = await train(model, 'reward', settings);
    expect(result).toMatchObject({ status: 'completed', final: at(`reward ${full}/final`) });
    expect(await model.score([probe])).toEqual([before]);
    expect(await train(model, 'reward', settings)).toEqual({ ...result, alreadyDone: true });
    model.dispose();
    const reward = await RewardModel.load(at(`reward ${full}`), { dtype: 'float32' });
    reward.dispose();
  });

  it('refuse a judge beside the policy as judge', async () => {
    const judge = { compare: async () => [] };
    const settings = { ...quick, prompts: ['a'], outputDir: at('two judges'), judge };
    const both = selfTrain(await open(), { ...settings, judgeMode: 'policy' });
    await expect(both).rejects.toThrow("[selfTrain] judgeMode: expected 'static' beside a judge");
  });

  it('ask for dev prompts where the judge is to choose by them', async () => {
    const model = await open();
    const settings = {
      ...quick,
      lora: { r: 1 },
      evalSteps: 1,
      maxSteps: 1,
      maxNewTokens: 4,
      missingEos: 'keep' as const,
      prompts: ['a', 'b'],
    };
    const without = selfTrain(model, { ...settings, outputDir: at('no dev') });
    await expect(without).rejects.toThrow('[selfTrain] dev: expected prompts that are never trained on');
    const { last } = (await selfTrain(model, { ...settings, dev: ['c'], outputDir: at('dev') })) as {
      last: Record<string, number>;
    };
    // An estimate without bias may be below 0, which no KL is.
    expect(last['eval/kl']).toEqual(expect.any(Number));
    expect(last['eval/entropy']).toBeGreaterThan(0);
    model.dispose();
  });

  it('measure rows that are never trained on', async () => {
    const model = await open();
    const warnings: string[] = [];
    const [first, ...rest] = rows;
    const result = (await train(model, 'dpo', {
      ...quick,
      dataset: rest,
      dev: [first],
      evalSteps: 1,
      selectBy: 'accuracy',
      outputDir: at('measured'),
      onWarning: (line) => warnings.push(line),
    })) as { last: Record<string, number>; chosenBy?: object };
    expect(result.last.eval_loss).toBeGreaterThan(0);
    expect(result.chosenBy).toEqual({ judge: 'eval_rewards/accuracies', n: 1, of: 'held-out rows' });
    expect(warnings.filter((line) => line.includes('is trained on'))).toEqual([]);
    model.dispose();
  });

  it('say so where dev prompts are asked about by nobody', async () => {
    const model = await open();
    const settings = { ...quick, maxSteps: 1, maxNewTokens: 2, missingEos: 'keep' as const, dev: ['c'] };
    const warnings: string[] = [];
    await train(model, 'self-train', {
      ...settings,
      dataset: ['a', 'b'],
      outputDir: at('idle dev'),
      onWarning: (line) => warnings.push(line),
    });
    expect(warnings).toContain('dev does nothing: evalSteps is 0, and nothing is measured beside training');
    const needed = train(model, 'self-train', {
      ...settings,
      evalSteps: 1,
      dataset: ['a', 'b'],
      dev: undefined,
      outputDir: at('needed dev'),
    });
    await expect(needed).rejects.toThrow('[train] dev: expected prompts that are never trained on');
    model.dispose();
  });
});

describe('Model', () => {
  it('answers by its own tournament', async () => {
    const model = await open();
    const options = { bestOf: 3, seed: 4, maxNewTokens: 6 };
    const answer = await model.generate('What?', options);
    expect(answer.candidates).toHaveLength(3);
    expect(answer.text).toBe(answer.candidates![answer.tournament!.winner]);
    expect(await model.generate('What?', options)).toEqual(answer);
    const [[one, two]] = await model.generateAll(['What?'], { count: 2, seed: 4, maxNewTokens: 6 });
    expect([one, two].map(({ text }) => text)).toEqual(answer.candidates!.slice(0, 2));
    expect(one.tournament).toBeUndefined();
    await expect(model.generateAll(['What?'], { count: 2, bestOf: 3 })).rejects.toThrow(
      '[Model.generateAll] count: expected 1 beside bestOf',
    );
    model.dispose();
  });

  it('judges in both orders, and is measured', async () => {
    const model = await open();
    const [verdict, turned] = await model.judge([
      { prompt: 'What?', a: 'This.', b: 'That one.' },
      { prompt: 'What?', a: 'That one.', b: 'This.' },
    ]);
    expect([turned.scoreA, turned.scoreB]).toEqual([verdict.scoreB, verdict.scoreA]);
    const { accuracy, alwaysLonger } = await evaluateJudge(model, rows);
    expect(accuracy.n).toBe(6);
    expect(accuracy.low).toBeLessThanOrEqual(accuracy.value);
    expect(alwaysLonger.value).toBe(1);
    await expect(evaluateJudge(model, [])).rejects.toThrow('[evaluateJudge] pairs: expected at least one');
    model.dispose();
  });

  it('takes the earlier name of judgeTemplate, with one warning of the process', async () => {
    const model = await open();
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => void warnings.push(warning);
    process.on('warning', onWarning);
    const pairs = [{ prompt: 'What?', a: 'This.', b: 'That one.' }];
    const today = await model.judge(pairs, { judgeTemplate: 'principles' });
    expect(await model.judge(pairs, { template: 'principles' })).toEqual(today);
    expect(await evaluateJudge(model, rows, { template: 'principles' })).toEqual(
      await evaluateJudge(model, rows, { judgeTemplate: 'principles' }),
    );
    await expect(model.judge(pairs, { template: 'plain', judgeTemplate: 'plain' })).rejects.toThrow(
      /template: expected one of template and judgeTemplate/,
    );
    await new Promise(setImmediate);
    process.off('warning', onWarning);
    expect(warnings.map(({ message }) => message)).toEqual([
      'template is called judgeTemplate now; the old name works in this release',
    ]);
    model.dispose();
  });

  it('scores the end token with the completion, and names the row it cannot score', async () => {
    const model = await open();
    const [{ logprob, tokens, logprobs }] = await model.score([probe]);
    const { tokenizer } = model.opened;
    expect(tokens).toEqual([...tokenizer.encode('Yes.'), ...tokenizer.turnEnd]);
    expect(logprob).toBeCloseTo(
      logprobs.reduce((sum, x) => sum + x, 0),
      10,
    );
    const long = model.score([probe, { prompt: 'x'.repeat(3000), completion: 'y' }]);
    await expect(long).rejects.toThrow('rows:2: prompt and completion have');
    model.dispose();
  });

  it('saves an adapter or merged weights, and nothing over what is not its own', async () => {
    const model = await open();
    await jsft(model, { ...small, dataset: rows, outputDir: at('to save') });
    const [now] = await model.score([probe]);
    await model.save(at('adapter'));
    await model.save(at('merged'), { merge: true });
    await model.save(at('merged'), { merge: true });
    const adapter = await open(at('adapter'));
    const merged = await open(at('merged'));
    expect(await adapter.score([probe])).toEqual([now]);
    expect(merged.opened.adapter).toBeUndefined();
    expect((await merged.score([probe]))[0].logprob).toBeCloseTo(now.logprob, 4);
    const there = model.save(base);
    await expect(there).rejects.toThrow('[save] dir: expected a new folder');
    for (const each of [model, adapter, merged]) each.dispose();
  });

  it('reads the base again only for an adapter of another', async () => {
    const model = await open();
    const weights = model.opened.model;
    const adapter = Adapter.init(weights, { r: 1, alpha: 1, dropout: 0, targetModules: ['q_proj'] }, 1);
    await adapter.save(at('own'));
    await model.reload(at('own'));
    expect(model.opened.model).toBe(weights);
    await model.reload(base);
    expect(model.opened.model).not.toBe(weights);
    expect(model.opened.adapter).toBeUndefined();
    adapter.dispose();
    model.dispose();
  });
});

it('reads preferences as the README says', async () => {
  const file = at('pairs.jsonl');
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const { rows: loaded } = await loadPreferences(file);
  expect(loaded).toHaveLength(6);
});
