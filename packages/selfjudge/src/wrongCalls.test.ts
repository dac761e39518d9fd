import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StandInHub } from '@selfjudge/testing/hub/standIn';
import { byteModel } from '@selfjudge/testing/tinyModel';
import {
  arg,
  describeWrongCalls,
  entry,
  except,
  fields,
  given,
  junk,
  noneOf,
  notFile,
  notFlag,
  notFunction,
  notLimit,
  notListOf,
  notNumber,
  notObject,
  notObjectOf,
  notPrompt,
  notText,
  notWhole,
  wrongFields,
  type Parameter,
} from '@selfjudge/testing/wrongCalls';
import {
  dpoDefaults,
  jsftDefaults,
  METHODS,
  type Method,
  selfTrainingDefaults,
  sftDefaults,
} from '@selfjudge/training';
import fc from 'fast-check';
import { afterAll, vi } from 'vitest';
import * as api from './index.js';

const folder = mkdtempSync(join(tmpdir(), 'selfjudge-wrong-'));
const at = (name: string) => join(folder, name);
const small = byteModel();
await small.save(at('model'));
small.dispose();
const model = await api.loadModel(at('model'), { dtype: 'float32' });
writeFileSync(at('rows.jsonl'), '{"prompt":"a","chosen":"b","rejected":"c","completion":"b","label":true}\n');
const hub = await StandInHub.start();
const files = readdirSync(at('model')).map((name) => [name, readFileSync(at(`model/${name}`))]);
hub.add('model', 'owner/name', Object.fromEntries(files) as Record<string, Uint8Array>);
for (const [name, value] of Object.entries({
  HF_ENDPOINT: hub.url,
  HF_HUB_CACHE: at('hub'),
  HF_TOKEN: 'hf_writer',
}))
  vi.stubEnv(name, value);
afterAll(async () => {
  vi.unstubAllEnvs();
  await hub.close();
  model.dispose();
  rmSync(folder, { recursive: true });
});

const pair = { prompt: 'a', a: 'b', b: 'c' };
const preference = { prompt: 'a', chosen: 'b', rejected: 'c' };
const hooks = {
  onProgress: arg(() => () => {}, given(notFunction)),
  signal: arg(new AbortController().signal, given(junk)),
};
const template = arg('plain', given(fc.oneof(notText, fc.constant('plan'))), '');
const answers = {
  ...hooks,
  judgeTemplate: template,
  maxNewTokens: arg(1, given(notWhole(1, 2000))),
  temperature: arg(1, given(notNumber(0, 1e6))),
  topP: arg(0.9, given(notNumber(0.01, 1))),
  topK: arg(0, given(notWhole(0, 2 ** 31 - 1))),
  seed: arg(0, given(notWhole(0))),
  bestOf: arg(2, given(notWhole(1, 2 ** 31 - 1))),
  onText: arg(() => () => {}, given(notFunction)),
};
const tokenBudget = arg(64, given(notLimit));
const rows = (row: object) =>
  arg([row], fc.oneof(notListOf(row, notObject), fc.constantFrom({ rows: 1 }, [], [{}])));
const opened = arg(model, junk);
const place = fc.oneof(notText, fc.constantFrom('', '\0', at('model/config.json')));

const notPositive = fc.oneof(notNumber(0), fc.constant(0));
/** Wrong values of settings, by their names; undefined asks for the default. A budget comes from a file, which has no Infinity. */
const wrongSettings = Object.assign(
  {},
  ...Object.values(METHODS).map((one: Method) => wrongFields(one.fields)),
  {
    tokenBudget: notWhole(1),
    judgeTemplate: fc.oneof(notText, fc.constant('plan')),
  },
) as Record<string, fc.Arbitrary<unknown>>;

const lora = {
  r: arg(2, given(notWhole(1)), 'loraR'),
  alpha: arg(4, given(notPositive), 'loraAlpha'),
  dropout: arg(0, given(notNumber(0, 0.9)), 'loraDropout'),
  targetModules: arg(
    ['q_proj'],
    given(fc.oneof(notListOf('q_proj', notText), fc.constantFrom([], ['query']))),
    'loraTargetModules',
  ),
};

let runs = 0;

/** Everything a training method takes: its own settings, each with the value it has by default, and those of all. */
function settings(defaults: object, own: Record<string, Parameter>): Parameter {
  const quick = { ...defaults, maxSteps: 1, trainBatchSize: 1, saveSteps: 0 };
  const method = Object.entries(quick).map(
    ([key, value]) => [key, arg(value, given(wrongSettings[key]))] as const,
  );
  return fields(
    {
      ...Object.fromEntries(method),
      ...own,
      outputDir: arg(() => at(`run-${runs++}`), place),
      lora: fields(lora, given(notObject)),
      fullFinetuning: arg(false, given(notFlag)),
      allowChanged: arg(false, given(notFlag)),
      preset: arg('default', given(noneOf('default', 'paper'))),
      onStep: arg(() => () => {}, given(notFunction)),
      onWarning: arg(() => () => {}, given(notFunction)),
      signal: hooks.signal,
    },
    notObject,
  );
}
const methodOf = (train: (of: api.Model, by: never) => Promise<unknown>, of: Parameter) =>
  entry(train, { model: opened, settings: of });
const named = (name: string, right: unknown) => ({ [name]: arg(right, given(wrongSettings[name])) });

const hubOptions = {
  revision: arg('main', given(fc.oneof(notText, fc.constantFrom('../x', '', 'a b')))),
  onProgress: hooks.onProgress,
  onNote: hooks.onProgress,
  signal: hooks.signal,
};
const loader = (load: (path: string, options: object) => Promise<unknown>) =>
  entry(load, { path: arg(at('rows.jsonl'), notFile), options: fields({}, given(notObject)) });

describeWrongCalls({
  exports: api,
  table: {
    pull: entry(api.pull, {
      name: arg('owner/name', fc.oneof(notText, fc.constantFrom('', 'name', 'a/b/c/../d', 'hf://x', '/a/b'))),
      options: fields(hubOptions, given(notObject)),
    }),
    push: entry(api.push, {
      folder: arg(at('model'), place),
      name: arg(
        'owner/new',
        fc.oneof(notText, fc.constantFrom('', 'name', 'hf://datasets/a/b', 'a/b/c.gguf')),
      ),
      options: fields(
        {
          ...hubOptions,
          public: arg(false, given(notFlag)),
          message: arg('m', given(notText)),
        },
        given(notObject),
      ),
    }),
    loadPreferences: loader(api.loadPreferences),
    loadLabelled: loader(api.loadLabelled),
    loadPrompts: loader(api.loadPrompts),
    loadSftExamples: loader(api.loadSftExamples),
    loadModel: entry(
      async (path: string, options: object) => (await api.loadModel(path, options)).dispose(),
      {
        path: arg(at('model'), notFile),
        options: fields(
          {
            device: arg('cpu', given(noneOf('auto', 'cpu', 'cuda'))),
            dtype: arg('bf16', given(noneOf('float32', 'bf16'))),
            adapter: arg(undefined, given(fc.oneof(notFile, fc.constant(at('model'))))),
            chatTemplateKwargs: arg({ a: 1 }, given(fc.oneof(notObject, fc.constant({ messages: [] })))),
            chatTemplateDate: arg(
              '2026-11-29',
              given(fc.oneof(notText, fc.constantFrom('today', '2026-02-30'))),
            ),
          },
          given(notObject),
        ),
      },
    ),
    'new Model': entry((of: typeof model.opened) => new api.Model(of), {
      opened: arg(() => model.opened, fc.oneof(junk, fc.constant(model))),
    }),
    'Model#generate': entry((prompt: string, options: object) => model.generate(prompt, options), {
      prompt: arg('a', notPrompt),
      options: fields(answers, given(notObject)),
    }),
    'Model#generateAll': entry((prompts: string[], options: object) => model.generateAll(prompts, options), {
      prompts: arg(['a'], notListOf('a', notPrompt)),
      options: fields(
        {
          ...answers,
          // Read with bestOf alone.
          judgeTemplate: arg('plain', given(notText)),
          template: arg(undefined, given(notText)),
          bestOf: arg(1, given(notWhole(1))),
          count: arg(1, given(notWhole(1, 2 ** 31 - 1))),
        },
        given(notObject),
      ),
    }),
    'Model#judge': entry((pairs: (typeof pair)[], options: object) => model.judge(pairs, options), {
      pairs: arg([pair], notListOf(pair, notObjectOf(pair, { prompt: notPrompt, a: notText, b: notText }))),
      options: fields({ ...hooks, judgeTemplate: template, tokenBudget }, given(notObject)),
    }),
    'Model#score': entry((of: api.ScoreRow[], options: object) => model.score(of, options), {
      rows: arg(
        [{ prompt: 'a', completion: 'b' }],
        notListOf(
          { prompt: 'a', completion: 'b' },
          notObjectOf({ prompt: 'a', completion: 'b' }, { prompt: notPrompt, completion: notText }),
        ),
      ),
      options: fields({ ...hooks, tokenBudget }, given(notObject)),
    }),
    'Model#save': entry((dir: string, options: object) => model.save(dir, options), {
      dir: arg(() => at(`saved-${runs++}`), place),
      options: fields({ merge: arg(true, given(notFlag)) }, given(notObject)),
    }),
    'Model#reload': entry((path: string) => model.reload(path), { path: arg(at('model'), notFile) }),
    mergeModel: entry(api.mergeModel, {
      path: arg(at('model'), notFile),
      outputDir: arg(() => at(`merged-${runs++}`), place),
      options: fields(
        {
          ...hooks,
          adapter: arg(undefined, given(fc.oneof(notFile, fc.constant(at('model'))))),
          device: arg('cpu', given(noneOf('auto', 'cpu', 'cuda'))),
          format: arg('safetensors', given(noneOf('safetensors', 'gguf'))),
          dtype: arg('bf16', given(noneOf('auto', 'float32', 'float16', 'bf16'))),
          quantization: arg(undefined, given(fc.oneof(noneOf('F16'), fc.constant('F16'))), ''),
          adapterOnly: arg(false, given(fc.oneof(notFlag, fc.constant(true))), ''),
          maxShardSize: arg('1MB', given(fc.oneof(notText, fc.constantFrom('', '0', '5 GBytes')))),
          overwriteOutputDir: arg(false, given(notFlag)),
          onPhase: arg(() => () => {}, given(notFunction)),
          onWarning: arg(() => () => {}, given(notFunction)),
        },
        given(notObject),
      ),
    }),
    evaluateJudge: entry(api.evaluateJudge, {
      model: opened,
      pairs: rows(preference),
      options: fields(
        { ...hooks, judgeTemplate: template, onWarning: arg(() => () => {}, given(notFunction)) },
        given(notObject),
      ),
    }),
    train: entry(async (model: api.Model, name: api.MethodName, by: never) => api.train(model, name, by), {
      model: opened,
      method: arg('sft', noneOf(...Object.keys(METHODS))),
      settings: settings(sftDefaults, {
        dataset: rows({ prompt: 'a', completion: 'b' }),
        dev: arg(undefined, given(fc.constant(['a']))),
      }),
    }),
    sft: methodOf(
      api.sft,
      settings(sftDefaults, { dataset: rows({ prompt: 'a', completion: 'b' }), ...named('trainOn', 'last') }),
    ),
    jsft: methodOf(
      api.jsft,
      settings(
        { ...jsftDefaults, judgeBatchSize: 1 },
        { dataset: rows(preference), ...named('trainOn', 'last'), ...named('judgeTemplate', 'plain') },
      ),
    ),
    dpo: methodOf(api.dpo, settings(dpoDefaults, { dataset: rows(preference) })),
    selfTrain: methodOf(
      api.selfTrain,
      settings(
        { ...selfTrainingDefaults, maxNewTokens: 2, missingEos: 'keep' },
        {
          prompts: arg(
            ['a'],
            notListOf(
              'a',
              except((v) => typeof v === 'string' || (typeof v === 'object' && v !== null)),
            ),
          ),
          dev: arg(
            undefined,
            given(
              fc.oneof(
                junk.filter((v) => !Array.isArray(v)),
                fc.constant({ rows: 1 }),
              ),
            ),
          ),
          ...named('judgeTemplate', 'plain'),
        },
      ),
    ),
  },
  without: {
    'takes no argument': ['Model#dispose'],
    'makes an error: one in its place would hide it': ['new SelfjudgeError'],
    'takes any value': ['isError'],
  },
  runs: 6,
  atLeast: 1000,
});
