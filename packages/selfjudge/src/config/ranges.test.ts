import { describe, expect, it } from 'vitest';
import type { Field } from '@selfjudge/base/fields';
import { METHODS } from '@selfjudge/training';
import { snakeCase } from './naming.js';
import { resolveConfig, resolveVerb, toOptions, valuesOf } from './resolve.js';
import { MODEL_VERBS, type ModelVerb } from './modelVerbs.js';
import type { Schemas } from './schemas.js';
import { TRAINING_VERBS, type TrainingVerb } from './verbs.js';

interface Edges {
  wrong: string[];
  right: string[];
}

/** Values just outside of the range of a method's field, and the most extreme ones inside. */
function edgesOf({ form }: Field<unknown>): Edges {
  switch (form.kind) {
    case 'number': {
      const { min, max, above, below } = form.range;
      const wrong = [min && min - 0.1, max && max + 0.1, above, below].filter((edge) => edge !== undefined);
      const right = [min, max, above !== undefined && above + 1e-6, below !== undefined && below - 1e-6];
      return {
        wrong: [...(min === 0 ? ['-0.1'] : []), ...wrong.map(String), '.nan', 'x'].filter(
          (value) => value !== '0' || above === 0,
        ),
        right: right.flatMap((edge) => (typeof edge === 'number' ? [String(edge)] : [])),
      };
    }
    case 'whole':
      return { wrong: [String(form.min - 1), '0.5'], right: [String(form.min)] };
    case 'limit':
      return { wrong: ['0', '0.5'], right: ['1'] };
    case 'choice':
      return { wrong: ['none_of_these'], right: [...form.of] };
    case 'choices':
      return { wrong: ['none_of_these', `[${form.of[0]}, ${form.of[0]}]`, '[]'], right: [...form.of] };
    case 'numbers':
      return { wrong: ['x', '[0]', '[x]', '.nan'], right: ['[]'] };
    case 'flag':
      return { wrong: ['2', 'maybe'], right: ['true', 'false'] };
  }
}

const ofMethods = Object.values(METHODS).flatMap(({ fields }) =>
  Object.entries<Field<unknown>>(fields).map(([key, field]) => [snakeCase(key), edgesOf(field)] as const),
);

/** Of the keys that no method declares, and of those that take the words of other tools. */
const EDGES: Readonly<Record<string, Edges>> = {
  ...Object.fromEntries(ofMethods),
  beta: { wrong: ['0', '-0.1', '.inf', '.nan', 'x'], right: ['1e-9', '100'] },
  temperature: { wrong: ['-0.1', '.inf'], right: ['1e-3', '2'] },
  top_p: { wrong: ['0', '-1', '1.01', ''], right: ['1e-9', '1'] },
  top_k: { wrong: ['-2', '0.5'], right: ['-1', '0', '50'] },
  count: { wrong: ['0', '2147483648'], right: ['1', '2147483647'] },
  best_of: { wrong: ['0', '2147483648'], right: ['1', '8'] },
  explain: { wrong: ['2', 'maybe'], right: ['true', 'false'] },
  ranking: { wrong: ['knockout'], right: ['round-robin', 'swiss'] },
  calibrate: { wrong: ['2', 'maybe'], right: ['true', 'false'] },
  length_controlled: { wrong: ['2', 'maybe'], right: ['true', 'false'] },
  calibration: { wrong: [''], right: ['auto', 'none', 'calibration.json'] },
  tie_threshold: { wrong: ['-0.1', '0.5', '.nan'], right: ['0', '0.499'] },
  least_mass: { wrong: ['0', '0.0009', '1.1'], right: ['0.001', '1'] },
  cache: { wrong: [''], right: ['verdicts'] },
  judge_endpoint: {
    wrong: ['', 'localhost:8000', 'ftp://a/v1', 'http://'],
    right: ['http://127.0.0.1:8000/v1'],
  },
  judge_concurrency: { wrong: ['0', '257', '1.5'], right: ['1', '256'] },
  judge_calls: { wrong: ['-1', '0.5'], right: ['0', '100'] },
  by: { wrong: [''], right: ['domain'] },
  write_pairs: { wrong: [''], right: ['pairs.jsonl'] },
  seed: { wrong: ['-1', '0.5', '9007199254740992'], right: ['0', '9007199254740991'] },
  dataset_limit: { wrong: ['-1', '1.5'], right: ['0'] },
  dtype: { wrong: ['int4'], right: ['float32', 'bf16', 'bfloat16'] },
  device: { wrong: ['gpu'], right: ['auto', 'cpu', 'cuda'] },
  judge_reasoning: { wrong: ['none'], right: ['auto', 'drop', 'keep'] },
  dataset_shape: { wrong: [''], right: ['auto', 'pandalm', 'columns.yaml'] },
  sft_dataset_shape: { wrong: [''], right: ['auto', 'ultrafeedback-demonstrations', 'columns.yaml'] },
  prompt_format: { wrong: ['text'], right: ['auto', 'standard', 'chat'] },
  chat_template: { wrong: [''], right: ['chatml', 'format.jinja'] },
  dataset_split: { wrong: ['tset'], right: ['test', 'all'] },
  // Other trackers are noted: no value is out of its range.
  report_to: { wrong: [], right: ['none', 'tensorboard'] },
  eval_dataset_split: { wrong: ['tset'], right: ['dev', 'all'] },
  select_by: { wrong: ['none_of_these', 'outside'], right: ['none', 'loss'] },
  lr_scheduler_type: { wrong: ['step'], right: ['cosine', 'constant_with_warmup', 'polynomial'] },
  warmup_steps: { wrong: ['-1', '1.5'], right: ['0', '0.5'] },
  // exo_pair asks for label_smoothing.
  loss_type: { wrong: ['none', '[hinge, hinge]', '[]', '[hinge, none]'], right: ['hinge', '[sigmoid, sft]'] },
  max_steps: { wrong: ['-2', '0.5'], right: ['-1', '0', '1_000'] },
  lora_r: { wrong: ['0', '1.5'], right: ['1'] },
  lora_alpha: { wrong: ['0'], right: ['0.5'] },
  lora_dropout: { wrong: ['-0.1', '1'], right: ['0', '0.99'] },
  lora_target_modules: { wrong: ['query', ''], right: ['q_proj', 'all-linear'] },
  full_finetuning: { wrong: ['2', 'maybe'], right: ['true', 'false'] },
  as: { wrong: ['grpo'], right: ['auto', 'judge'] },
  format: { wrong: ['pt', 'onnx'], right: ['safetensors', 'gguf'] },
  quantization: { wrong: ['Q4_K_M', 'f8'], right: ['F16', 'Q4_0'] },
  max_shard_size: { wrong: ['', '0GB', '5 gigabytes', '-1', '9999999TB'], right: ['5GB', '200 MiB', '1'] },
  adapter_only: { wrong: ['2', 'maybe'], right: ['true', 'false'] },
  overwrite_output_dir: { wrong: ['2', 'maybe'], right: ['true', 'false'] },
  reward: { wrong: ['2', 'maybe'], right: ['true', 'false'] },
  rows: { wrong: ['-1', '0.5'], right: ['0', '7'] },
  row: { wrong: ['0', '0.5'], right: ['1'] },
  chat_template_kwargs: {
    wrong: ['5', '[1]', 'x', '{messages: []}', '{tools: 5}', '{a b: 1}'],
    right: ['{}', '{enable_thinking: false}', '{"tools": [{}], "documents": null}'],
  },
  chat_template_date: {
    wrong: ['today', '', '2026-02-30', '2026-11-29T09'],
    right: ['2026-11-29', '2026-11-29T09:15:00'],
  },
};

/** Any text will do. */
const TEXTS = new Set(
  ['model_name_or_path', 'dataset_name', 'output_dir', 'adapter', 'baseline', 'outside_judge'].concat(
    'sft_dataset_name',
    'eval_dataset_name',
    'start',
    'judge_template',
    'judge',
    'system',
    'own_model',
    'against',
    'questions',
    'alpaca_eval_gamed',
  ),
);

const GIVEN = {
  model_name_or_path: 'm',
  dataset_name: 'a.jsonl',
  output_dir: 'out',
  against: 'b.jsonl',
  baseline: 'b.jsonl',
};
/** What an option stands beside: a loss that reads it. */
const BESIDE: Readonly<Record<string, Record<string, string>>> = {
  sft_dataset_shape: { sft_dataset_name: 'examples.jsonl' },
  select_by: { eval_steps: '1', eval_dataset_name: 'held.jsonl' },
  simpo_gamma: { loss_type: 'simpo' },
  discopop_tau: { loss_type: 'discopop' },
  cpo_alpha: { loss_type: 'cpo' },
  // An adapter's reference is a copy: ref_model_mixup_alpha would have to be 1.
  sync_ref_model: { full_finetuning: 'true' },
};
/** Of verbs that a judge chooses in; `outside` wants an outside judge beside it. */
const OF_SIGNAL = { select_by: { wrong: ['none_of_these'], right: ['auto', 'judge', 'none'] } };
/** Values that one verb alone takes or refuses. */
const OWN_EDGES: Readonly<Record<string, Record<string, Edges>>> = {
  ...Object.fromEntries(['self-train', 'rest', 'raft'].map((name) => [name, OF_SIGNAL])),
  kto: { train_batch_size: { wrong: ['0', '1', '1.5'], right: ['2'] } },
  rso: {
    ...OF_SIGNAL,
    // No more samples than generations, by default 4 of 16.
    num_samples: { wrong: ['1', '2.5', '17'], right: ['2', '16'] },
    num_generations: { wrong: ['1', '4.5'], right: ['4', '64'] },
  },
  merge: { dtype: { wrong: ['int4', 'bfloat'], right: ['auto', 'bfloat16', 'fp16', 'float16'] } },
};

const verbs = [
  ...(Object.keys(TRAINING_VERBS) as TrainingVerb[]).map((name) => ({
    name: name as string,
    fields: Object.keys(TRAINING_VERBS[name].fields),
    options: TRAINING_VERBS[name].options,
    resolve: (flags: Record<string, string>) => resolveConfig(name, { flags }),
  })),
  ...(Object.keys(MODEL_VERBS) as ModelVerb[]).map((name) => ({
    name: name as string,
    fields: Object.keys(MODEL_VERBS[name].fields),
    options: MODEL_VERBS[name].options as Schemas,
    resolve: (flags: Record<string, string>) => resolveVerb(name, MODEL_VERBS[name], { flags }),
  })),
];

describe.each(verbs)('$name', ({ name, fields, options, resolve }) => {
  const given = Object.fromEntries(Object.entries(GIVEN).filter(([key]) => fields.includes(key)));

  it('refuses what is out of the range of any flag, and takes its edges', () => {
    for (const key of fields.filter((one) => !TEXTS.has(one))) {
      const { wrong, right } = OWN_EDGES[name]?.[key] ?? EDGES[key];
      for (const value of wrong)
        expect(() => resolve({ ...given, [key]: value }), `${key} ${value}`).toThrow(
          new RegExp(`^${key}: expected `),
        );
      for (const value of right) {
        // What a field gives it takes, and gives again: values leave the configuration as they entered it.
        const config = resolve({ ...given, ...BESIDE[key], [key]: value });
        expect(valuesOf(options, config), `${key} ${value}`).toEqual(toOptions(config));
      }
    }
  });
});
