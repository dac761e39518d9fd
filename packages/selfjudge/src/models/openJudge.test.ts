import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { calibratedVerdict } from '@selfjudge/judging/internal';
import { byteModel } from '@selfjudge/testing/tinyModel';
import { afterAll, describe, expect, it } from 'vitest';
import { Adapter } from '@selfjudge/engine';
import { byteTokenizer } from '@selfjudge/text';
import { resolveConfig } from '../config/index.js';
import { evaluate } from '../inference/evaluate.js';
import { answerPrompts } from '../inference/generate.js';
import { tokenEvidence } from '@selfjudge/judging';
import { runTraining } from '../training/train.js';
import { openModel } from './model.js';
import { findJudge } from './openJudge.js';

const dir = mkdtempSync(join(tmpdir(), 'selfjudge-judges-'));
const at = (name: string) => join(dir, name);
afterAll(() => rmSync(dir, { recursive: true }));

const text = (...winners: string[]) =>
  winners.map((winner) => `${JSON.stringify({ prompt: 'p', completions: ['x', 'y'], winner })}\n`).join('');
const pair = { prompt: 'p', a: 'x', b: 'y' };

describe('judgments in a file', () => {
  it.each([
    ['people.jsonl', Buffer.from(text('a'))],
    ['people.jsonl.gz', gzipSync(text('a'))],
  ])('%s is read once: what it says and its fingerprint are of the same bytes', async (name, bytes) => {
    writeFileSync(at(name), bytes);
    const open = (await findJudge(at(name)))!;
    writeFileSync(at(name), text('b', 'b'));
    const judge = await open();
    expect((await judge.judge.compare([pair]))[0].winner).toBe('a');
    expect(judge.fingerprint).toBe(createHash('sha256').update(bytes).digest('hex').slice(0, 32));
    expect([judge.about, judge.warnings]).toEqual([`judgments of 1 pairs in ${at(name)}`, []]);
  });

  it('says which rows are of no use, and refuses a file without one that is', async () => {
    writeFileSync(at('some.jsonl'), `${text('a')}{"prompt": "p"}\n`);
    const { warnings } = await (await findJudge(at('some.jsonl')))!();
    expect(warnings).toEqual([expect.stringMatching(/^1 rows left out\n[^]*some.jsonl:2/)]);
    writeFileSync(at('none.jsonl'), '{"prompt": "p"}\n');
    await expect(findJudge(at('none.jsonl'))).rejects.toThrow(`${at('none.jsonl')}:1: no usable row`);
  });
});

describe('several in a file', () => {
  it('vote, and none of them is a file of several, a person or elsewhere', async () => {
    writeFileSync(at('one.jsonl'), text('a'));
    writeFileSync(at('two.jsonl'), text('b'));
    const open = (judges: string) => {
      writeFileSync(at('judges.yaml'), `judges: [${judges}]\nweights: [2, 1]\n`);
      return findJudge(at('judges.yaml'));
    };
    const judge = await (await open(`${at('one.jsonl')}, ${at('two.jsonl')}`))!();
    expect((await judge.judge.compare([pair]))[0]).toMatchObject({ winner: 'a', probability: 2 / 3 });
    expect(judge.about).toMatch(/^the votes of judgments of 1 pairs in .*one.jsonl; judgments of/);
    const turned = await (await open(`${at('two.jsonl')}, ${at('one.jsonl')}`))!();
    expect(turned.fingerprint).not.toBe(judge.fingerprint);
    await expect(open(`${at('one.jsonl')}, ${at('judges.yaml')}`)).rejects.toThrow(/no file of several/);
    for (const other of ['terminal', '"http://h/v1#m"'])
      await expect(open(`${at('one.jsonl')}, ${other}`)).rejects.toThrow(/a judge that says the same again/);
  });
});

describe('a model beside another', () => {
  it('shares its weights where it is an adapter for them, with the verdicts it has by itself', async () => {
    const base = byteModel({ tokenizer: byteTokenizer({ words: [' A', ' B'] }) });
    await base.save(at('base'));
    const adapter = Adapter.init(base, { r: 2, alpha: 4, dropout: 0, targetModules: ['q_proj'] }, 1);
    await adapter.save(at('adapter'));
    adapter.dispose();
    base.dispose();
    const options = { dtype: 'float32', device: 'cpu' } as const;
    const policy = await openModel(at('base'), options);
    // What is made at the first use stays.
    await (await (await findJudge(at('base'), options))!(policy)).judge.compare([pair]);
    const live = () => policy.model.device.memory().live;
    for (const name of ['adapter', 'base']) {
      const before = live();
      const open = (await findJudge(at(name), options))!;
      const shared = await open(policy);
      const taken = live() - before;
      const [said] = await shared.judge.compare([pair]);
      shared.dispose();
      expect(live()).toBe(before);
      const alone = await open();
      expect(live() - before).toBeGreaterThan(20 * taken);
      expect((await alone.judge.compare([pair]))[0]).toEqual(said);
      expect(alone.fingerprint).toBe(shared.fingerprint);
      alone.dispose();
    }
    // Of another dtype nothing is shared.
    const other = await (await findJudge(at('adapter'), { ...options, dtype: 'bf16' }))!(policy);
    expect(live()).toBeGreaterThan(0);
    other.dispose();
    policy.dispose();
  });
});

it('a judge of another tokenizer reads what the policy wrote as it reads any text', async () => {
  for (const [name, words] of Object.entries({
    policy: [' A', ' B'],
    judge: [' A', ' B', 'th', 'the', 'qu'],
  })) {
    const model = byteModel({ tokenizer: byteTokenizer({ words }) });
    await model.save(at(name));
    model.dispose();
  }
  const options = { dtype: 'float32', device: 'cpu' } as const;
  const policy = await openModel(at('policy'), options);
  const { judge, dispose } = await (await findJudge(at('judge'), options))!(policy);
  const drawn = { bestOf: 2, maxNewTokens: 6, judge, referenceWeight: 0.1 };
  const [[{ candidates, tournament }]] = await answerPrompts(policy, ['What is the question?'], drawn);
  const [{ a, b, verdict }] = tournament!.rounds[0].matches;
  const pairOf = { prompt: 'What is the question?', a: candidates![a], b: candidates![b] };
  const [alone] = await judge.compare([pairOf]);
  expect(tokenEvidence(alone)).toBeDefined();
  expect(verdict!.evidence).toMatchObject({ kind: 'regularised', verdict: alone });
  policy.dispose();
  dispose();
});

describe('a judge is looked at before weights are read', () => {
  /** A model that is found, and cannot be opened. */
  mkdirSync(at('hollow'));
  writeFileSync(at('hollow/config.json'), '{}');
  writeFileSync(at('rows.jsonl'), '{"prompt": "p", "chosen": "x", "rejected": "y"}\n');
  const judges = {
    'nowhere/model': /nowhere\/model: expected a model folder.*nothing there/,
    'nothing.jsonl': /nothing.jsonl: expected a file that can be read, received ENOENT/,
    'empty.jsonl': /empty.jsonl:0: no usable row among 0 lines/,
  };
  writeFileSync(at('empty.jsonl'), '');
  const given = { model_name_or_path: at('hollow'), dataset_name: at('rows.jsonl'), dataset_split: 'all' };

  it.each(Object.entries(judges))('%s: to train', async (name, message) => {
    const flags = { ...given, output_dir: at('run'), prompt_format: 'chat' };
    const train = (judge: object) =>
      runTraining('self-train', resolveConfig('self-train', { flags, values: judge }));
    await expect(train({ judge: at(name) })).rejects.toThrow(message);
    await expect(train({})).rejects.toThrow(/hollow/);
  });

  it.each(Object.entries(judges))('%s: to evaluate', async (name, message) => {
    const options = { maxNewTokens: 1, maxLength: 99, temperature: 1, topP: 1, beta: 0.1, seed: 0 };
    const ended = evaluate({
      ...options,
      modelNameOrPath: at('hollow'),
      outsideJudge: at(name),
      datasetName: [at('rows.jsonl')],
      datasetSplit: 'all',
      datasetLimit: 0,
      promptFormat: 'chat',
      judgeTemplate: 'auto',
      judgeReasoning: 'auto',
    });
    await expect(ended).rejects.toThrow(message);
  });
});

describe('a calibration beside the weights of a judge', () => {
  it('is taken, said, part of its fingerprint, and refused of another judge', async () => {
    const tiny = byteModel();
    await tiny.save(at('tiny'));
    tiny.dispose();
    const path = at('tiny/judge_calibration.json');
    const open = async () => (await findJudge(at('tiny')))!();
    const plain = await open();
    const stored = {
      temperature: 2,
      temperature_95: [1, 4],
      length_coefficient: 0.5,
      length_coefficient_95: [0.4, 0.6],
      tie_threshold: 0,
      pairs: 60,
      before: { cross_entropy: 0.7, brier: 0.3 },
      after: { cross_entropy: 0.6, brier: 0.2 },
    };
    writeFileSync(path, JSON.stringify({ ...stored, fingerprint: 'another' }));
    const refusal = await open().then(String, String);
    expect(refusal).toMatch(/rm .*judge_calibration.json goes without.*of another$/);
    const fingerprint = /fingerprint (\w+)/.exec(refusal)![1];
    writeFileSync(path, JSON.stringify({ ...stored, fingerprint }));
    const told = await open();
    expect(told.warnings).toContainEqual(
      expect.stringMatching(/^the judge is calibrated by .* as at equal lengths \(0.5 nats/),
    );
    expect(told.fingerprint).not.toBe(plain.fingerprint);
    const pairs = [{ prompt: 'p', a: 'a longer answer', b: 'short' }];
    const [[one], [other]] = [await plain.judge.compare(pairs), await told.judge.compare(pairs)];
    const rules = { temperature: 2, lengthCoefficient: 0.5 };
    expect(other).toEqual(calibratedVerdict(one, rules, [15, 5]));
    plain.dispose();
    told.dispose();
  });
});
