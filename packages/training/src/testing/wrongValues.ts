import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TreeBatch } from '@selfjudge/engine';
import {
  arg,
  except,
  fields,
  junk,
  noneOf,
  notListOf,
  notObject,
  notObjectOf,
  notPrompt,
  notText,
  notWhole,
  given,
  wrongFields,
  wrongOf,
  type Parameter,
} from '@selfjudge/testing/wrongCalls';
import fc from 'fast-check';
import { decide } from '../pairs/contest.js';
import { AdamW } from '../optimizer/adamw.js';
import {
  dpoDefaults,
  jsftDefaults,
  ktoDefaults,
  rewardDefaults,
  selfTrainingDefaults,
  sftDefaults,
} from '../methods/defaults.js';
import { METHODS } from '../methods/index.js';
import type { Method } from '../methods/method.js';
import { scheduleFields } from '../options/loop.js';
import { loraTrainable } from '../optimizer/trainable.js';
import { hashJudge, tinyExamples, tinyLora, tinyModel, tinyPrompts } from './tiny.js';

// Right and wrong values of what this package's functions take.

const folder = mkdtempSync(join(tmpdir(), 'selfjudge-wrong-'));
export const removeFiles = (): void => rmSync(folder, { recursive: true });
export const at = (name: string): string => join(folder, name);

export const model = tinyModel();
export const tokenizer = model.tokenizer!;
export const trainable = loraTrainable(model, tinyLora, { seed: 1 });
export const optimizer = new AdamW(trainable.parameters, sftDefaults);
export const view = trainable.policy;
export const examples = tinyExamples(1, 2);
export const [prompt] = tinyPrompts(model, 1);
export const sequence = { tokens: [1, 2, 3], targets: [[1, 3]] as [number, number][] };
export const tree = TreeBatch.from([sequence]);
export const pair = { id: 'a', prompt: [1, 2], chosen: { tokens: [3] }, rejected: { tokens: [4] } };

const sample = (token: number) => ({
  tokens: [token],
  logprobs: new Float32Array([-1]),
  finish: 'eos' as const,
  text: `${token}`,
});
export const answers = [sample(5), sample(6)] as const;
export const [contest] = await decide([prompt], [[answers[0], answers[1]]], hashJudge, 'keep');
export const step = { step: 1, learningRate: 1e-3 };

const notIds = fc.oneof(notListOf(1, notWhole(0)).filter((v) => !ArrayBuffer.isView(v)));
export const notTrainable = fc.oneof(
  junk,
  fc.constant({ ...trainable, policy: model }),
  fc.constant(optimizer),
);
export const notOptimizer = fc.oneof(junk, fc.constant(trainable));
export const notView = fc.oneof(junk, fc.constantFrom(model, trainable));
export const notModel = fc.oneof(junk, fc.constant(view));
export const notJudge = fc.oneof(junk, fc.constant({ compare: 1 }));
export const notSet = fc.oneof(
  junk,
  fc.constantFrom(optimizer, trainable.parameters.policy, {}, { task: trainable.parameters.policy }),
);
export const notSequence = notObjectOf(
  { ...sequence },
  { tokens: except((v) => Array.isArray(v) || v instanceof Float64Array) },
);
export const notSupervised = notObjectOf(
  { ...examples.sft[0] },
  {
    id: notText,
    sequences: notListOf(sequence, notSequence),
    kinds: notListOf(
      ['sft'],
      noneOf('sft', 'verdict', 'rationale').map((kind) => [kind]),
    ),
  },
);
const notAnswer = notObjectOf(
  { tokens: [1] },
  { tokens: fc.oneof(notIds, fc.constant([])), logprobs: given(junk) },
);
export const notPair = notObjectOf(
  { ...pair },
  { id: notText, prompt: notIds, chosen: notAnswer, rejected: notAnswer },
);
const answer = { logp: -3, reference: -4, length: 2 };
export const scored = { chosen: answer, rejected: answer };
const notScoredAnswer = notObjectOf(answer, {
  logp: except((value) => typeof value === 'number'),
  reference: given(except((value) => typeof value === 'number')),
  length: notWhole(1),
});
export const notScored = notObjectOf(scored, { chosen: notScoredAnswer, rejected: notScoredAnswer });
export const notTokenized = notObjectOf({ ...prompt }, { id: notText, text: notPrompt, tokens: notIds });
const notSampled = notObjectOf(
  { ...answers[0] },
  { tokens: notIds, logprobs: junk, finish: noneOf('eos', 'length'), text: notText },
);
export const notAnswers = fc.oneof(
  notListOf(
    [...answers],
    fc.oneof(
      junk,
      notSampled.map((a) => [a, answers[1]]),
    ),
  ),
  fc.constant([]),
);
const notSide = notObjectOf({ ...answers[0] }, { tokens: notIds, logprobs: junk });
export const notSequencedPair = notObjectOf(
  { ...contest },
  { a: notObjectOf({ ...contest.a }, { sequence: notObject }), b: notObject },
);
export const notContest = notObjectOf({ ...contest }, { prompt: notTokenized, a: notSide, b: notSide });

/** Wrong values of options, by their names. */
export const wrongOptions = Object.assign(
  {},
  ...Object.values(METHODS).map((one: Method) => wrongFields(one.fields)),
  {
    // A schedule goes without them.
    lrNumCycles: given(wrongOf(scheduleFields.lrNumCycles)),
    lrPower: given(wrongOf(scheduleFields.lrPower)),
  },
) as Record<string, fc.Arbitrary<unknown>>;

/** The options of a method, all of them but those that are looked at before this package is called. */
function optionsOf(defaults: object, ...without: string[]): Parameter {
  const all = Object.entries(defaults).map(([key, value]) => {
    const wrong = wrongOptions[key];
    return [key, without.includes(key) ? { right: () => value } : arg(value, wrong)] as const;
  });
  return fields(Object.fromEntries(all), notObject);
}
const elsewhere = ['maxLength', 'maxPromptLength', 'saveSteps', 'saveTotalLimit'];
const quick = { maxSteps: 1, trainBatchSize: 1 };
export const some = (...names: string[]): Parameter =>
  optionsOf(
    Object.fromEntries(
      Object.entries({ ...jsftDefaults, ...selfTrainingDefaults }).filter(([key]) => names.includes(key)),
    ),
  );
export const options = {
  sft: optionsOf({ ...sftDefaults, ...quick }, ...elsewhere),
  reward: optionsOf({ ...rewardDefaults, ...quick }, ...elsewhere),
  jsft: optionsOf({ ...jsftDefaults, ...quick }, ...elsewhere),
  dpo: optionsOf({ ...dpoDefaults, ...quick }, ...elsewhere),
  kto: optionsOf({ ...ktoDefaults, maxSteps: 1, trainBatchSize: 2 }, ...elsewhere),
  selfTraining: optionsOf({ ...selfTrainingDefaults, ...quick, maxNewTokens: 2 }, ...elsewhere),
};
