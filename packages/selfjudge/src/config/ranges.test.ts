import { describe, expect, it } from 'vitest';
import { resolveConfig, resolveVerb } from './resolve.js';
import { MODEL_VERBS, TRAINING_VERBS, type ModelVerb, type TrainingVerb } from './verbs.js';

/** Values just outside of the range, and the most extreme ones inside, by key. */
const EDGES: Readonly<Record<string, { wrong: string[]; right: string[] }>> = {
  beta: { wrong: ['0', '-0.1', '.inf', '.nan', 'x'], right: ['1e-9', '100'] },
  top_p: { wrong: ['0', '-1', '1.01', ''], right: ['1e-9', '1'] },
  temperature: { wrong: ['-0.1', '.inf'], right: ['1e-3', '2'] },
  top_k: { wrong: ['-2', '0.5'], right: ['-1', '0', '50'] },
  max_new_tokens: { wrong: ['0', '1.5'], right: ['1'] },
  max_length: { wrong: ['0', '-1'], right: ['1'] },
  max_prompt_length: { wrong: ['0'], right: ['1'] },
  count: { wrong: ['0', '2147483648'], right: ['1', '2147483647'] },
  best_of: { wrong: ['0', '2147483648'], right: ['1', '8'] },
  seed: { wrong: ['-1', '0.5', '9007199254740992'], right: ['0', '9007199254740991'] },
  dataset_limit: { wrong: ['-1', '1.5'], right: ['0'] },
  dtype: { wrong: ['int4'], right: ['float32', 'bf16', 'bfloat16'] },
  device: { wrong: ['gpu'], right: ['auto', 'cpu', 'cuda'] },
  judge_reasoning: { wrong: ['none'], right: ['auto', 'drop', 'keep'] },
  prompt_format: { wrong: ['text'], right: ['auto', 'standard', 'chat'] },
  chat_template: { wrong: [''], right: ['chatml', 'format.jinja'] },
  dataset_split: { wrong: ['tset'], right: ['test', 'all'] },
  learning_rate: { wrong: ['0', '-1'], right: ['1e-9'] },
  lr_scheduler_type: { wrong: ['step'], right: ['cosine', 'constant_with_warmup', 'polynomial'] },
  lr_num_cycles: { wrong: ['-1', 'x'], right: ['0', '2.5'] },
  lr_power: { wrong: ['0', '-1'], right: ['2'] },
  warmup_ratio: { wrong: ['-0.1', '1.1'], right: ['0', '1'] },
  warmup_steps: { wrong: ['-1', '1.5'], right: ['0', '0.5'] },
  min_lr_ratio: { wrong: ['-0.1', '1.1'], right: ['0', '1'] },
  adam_beta1: { wrong: ['-0.1', '1'], right: ['0', '0.99'] },
  adam_beta2: { wrong: ['-0.1', '1'], right: ['0', '0.999'] },
  adam_epsilon: { wrong: ['0', '1.1'], right: ['1e-12', '1'] },
  weight_decay: { wrong: ['-1'], right: ['0'] },
  max_grad_norm: { wrong: ['-1'], right: ['0'] },
  train_batch_size: { wrong: ['0', '1.5'], right: ['1'] },
  judge_batch_size: { wrong: ['0'], right: ['1'] },
  num_train_epochs: { wrong: ['0', '-1'], right: ['0.1'] },
  max_steps: { wrong: ['-2', '0.5'], right: ['-1', '0', '1_000'] },
  token_budget: { wrong: ['0', '0.5'], right: ['1'] },
  save_steps: { wrong: ['-1'], right: ['0'] },
  save_total_limit: { wrong: ['-1'], right: ['0'] },
  lora_r: { wrong: ['0', '1.5'], right: ['1'] },
  lora_alpha: { wrong: ['0'], right: ['0.5'] },
  lora_dropout: { wrong: ['-0.1', '1'], right: ['0', '0.99'] },
  lora_target_modules: { wrong: ['query', ''], right: ['q_proj', 'all-linear'] },
  full_finetuning: { wrong: ['2', 'maybe'], right: ['true', 'false'] },
  train_on: { wrong: ['none'], right: ['last', 'all'] },
  loss_normalization: { wrong: ['batch'], right: ['task', 'token'] },
  judge_weight: { wrong: ['-1'], right: ['0'] },
  rationale_weight: { wrong: ['-1'], right: ['0'] },
  loss_type: { wrong: ['kto'], right: ['sigmoid', 'hinge', 'ipo'] },
  label_smoothing: { wrong: ['-0.1', '0.5'], right: ['0', '0.49'] },
  logp_reduction: { wrong: ['max'], right: ['sum', 'mean'] },
  precompute_ref_log_probs: { wrong: ['2'], right: ['true'] },
  missing_eos: { wrong: ['stop'], right: ['drop', 'keep', 'lose'] },
  eval_steps: { wrong: ['-1'], right: ['0'] },
  as: { wrong: ['kto'], right: ['auto', 'judge'] },
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
  max_kl: { wrong: ['0'], right: ['0.1'] },
};

/** Any text will do. */
const TEXTS = new Set(
  ['model_name_or_path', 'dataset_name', 'output_dir', 'adapter', 'baseline', 'outside_judge'].concat(
    'judge_template',
    'system',
  ),
);

const GIVEN = { model_name_or_path: 'm', dataset_name: 'a.jsonl', output_dir: 'out' };
const verbs = [
  ...(Object.keys(TRAINING_VERBS) as TrainingVerb[]).map((name) => ({
    name: name as string,
    fields: Object.keys(TRAINING_VERBS[name].fields),
    resolve: (flags: Record<string, string>) => resolveConfig(name, { flags }),
  })),
  ...(Object.keys(MODEL_VERBS) as ModelVerb[]).map((name) => ({
    name: name as string,
    fields: Object.keys(MODEL_VERBS[name].fields),
    resolve: (flags: Record<string, string>) => resolveVerb(name, MODEL_VERBS[name], { flags }),
  })),
];

describe.each(verbs)('$name', ({ fields, resolve }) => {
  const given = Object.fromEntries(Object.entries(GIVEN).filter(([key]) => fields.includes(key)));

  it('refuses what is out of the range of any flag, and takes its edges', () => {
    for (const key of fields.filter((name) => !TEXTS.has(name))) {
      const { wrong, right } = EDGES[key];
      for (const value of wrong)
        expect(() => resolve({ ...given, [key]: value }), `${key} ${value}`).toThrow(
          new RegExp(`^${key}: expected `),
        );
      for (const value of right)
        expect(() => resolve({ ...given, [key]: value }), `${key} ${value}`).not.toThrow();
    }
  });
});
