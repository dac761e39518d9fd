import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isError, type ConfigFault } from '@selfjudge/base';
import { afterAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { knownKeys } from './keys.js';
import { meaningOf } from './recipes/index.js';
import { resolveConfig } from './resolve.js';
import { TRAINING_VERBS, type TrainingVerb, type VerbConfig } from './verbs.js';

const KEYS = fileURLToPath(new URL('../../../../test/fixtures/recipes/keys.json', import.meta.url));
const tools = JSON.parse(readFileSync(KEYS, 'utf8')) as Record<string, Record<string, unknown>>;
const folder = mkdtempSync(join(tmpdir(), 'selfjudge-recipes-'));
afterAll(() => rmSync(folder, { recursive: true }));

const REQUIRED = { model_name_or_path: 'm', dataset_name: 'a.jsonl', output_dir: 'out' };
/** What a recipe comes to, with the notes. */
function taken(verb: TrainingVerb, recipe: object | string) {
  const file = join(folder, 'recipe.yaml');
  const head = stringify(REQUIRED);
  writeFileSync(file, typeof recipe === 'string' ? head + recipe : stringify({ ...REQUIRED, ...recipe }));
  const notes: string[] = [];
  const config = resolveConfig(verb, { file, onNote: (note) => notes.push(note) });
  return { config, notes: notes.join('\n') };
}
/** The faults of a recipe, by key. */
function faultsOf(verb: TrainingVerb, recipe: object): Record<string, string> {
  try {
    taken(verb, recipe);
    return {};
  } catch (error) {
    if (!isError(error, 'SJ_CONFIG')) throw error;
    const { all = [error.details] } = error.details as { all?: unknown[] };
    return Object.fromEntries((all as ConfigFault[]).map(({ key, expected }) => [key, expected]));
  }
}

describe.each(Object.entries(tools))('every key of %s', (tool, keys) => {
  it('is one of a verb here, or has a meaning', () => {
    const own = new Set(
      Object.values<VerbConfig>(TRAINING_VERBS).flatMap(({ fields }) => Object.keys(fields)),
    );
    const factors = ['per_device_train_batch_size', 'gradient_accumulation_steps'];
    const unknown = Object.keys(keys).filter(
      (key) => !own.has(key) && !factors.includes(key) && meaningOf(key) === undefined,
    );
    expect(unknown).toEqual([]);
  });

  it('at the default of the tool is refused only where it names the work', () => {
    const verb = TRAINING_VERBS.sft;
    const refused = Object.entries(keys).flatMap(([key, value]) =>
      Object.hasOwn(verb.fields, key)
        ? []
        : knownKeys('sft', verb, { [key]: value }).faults.map((fault) => fault.key),
    );
    const others = { trl: ['loss_type', 'beta', 'label_smoothing', 'precompute_ref_log_probs'] };
    const expected = [...((others as Record<string, string[]>)[tool] ?? []), 'pref_beta', 'pref_loss'];
    const more = [
      'dpo_label_smoothing',
      'enable_thinking',
      'precompute_ref_log_probs',
      'temperature',
      'top_p',
      'top_k',
    ];
    expect(refused.filter((key) => ![...expected, ...more].includes(key))).toEqual([]);
  });
});

const HANDBOOK = {
  torch_dtype: 'bfloat16',
  dataset_mixture: { datasets: [{ id: 'a.jsonl', split: 'train', columns: ['chosen'], weight: 0.5 }] },
  bf16: true,
  beta: 0.2,
  do_eval: true,
  eval_strategy: 'steps',
  eval_steps: 5,
  gradient_accumulation_steps: 2,
  gradient_checkpointing: true,
  gradient_checkpointing_kwargs: { use_reentrant: false },
  hub_model_id: 'a-name',
  log_level: 'info',
  logging_steps: 5,
  lr_scheduler_type: 'cosine',
  max_prompt_length: 128,
  optim: 'adamw_torch',
  per_device_train_batch_size: 2,
  push_to_hub: true,
  report_to: ['tensorboard'],
  save_strategy: 'no',
  attn_implementation: 'sdpa',
  use_peft: true,
  packing: true,
  max_steps: -1,
};

describe('a recipe of the alignment handbook', () => {
  it('is refused by all of its keys that would change the result, at once', () => {
    expect(faultsOf('dpo', HANDBOOK)).toEqual({
      dataset_mixture: expect.stringContaining('dataset_name takes the files') as string,
      max_prompt_length: expect.stringContaining('prompts are never cut') as string,
    });
  });

  it('passes without them, with one note of the keys that change nothing', () => {
    const { dataset_mixture: _, max_prompt_length: __, ...rest } = HANDBOOK;
    const { config, notes } = taken('dpo', rest);
    expect(config).toMatchObject({
      dtype: 'bf16',
      beta: 0.2,
      train_batch_size: 4,
      max_steps: 0,
      save_steps: 0,
    });
    expect(notes).toMatch(/^keys that need nothing here:\n/);
    expect(notes).toMatch(/logging_steps: every step is logged/);
    expect(config.report_to).toBe('tensorboard');
    const wandb = taken('dpo', { report_to: ['wandb'] });
    expect(wandb.config.report_to).toBe('none');
    expect(wandb.notes).toMatch(/report_to: every step is logged/);
    for (const key of [
      'gradient_checkpointing',
      'optim',
      'packing',
      'use_peft',
      'attn_implementation',
      'eval_steps',
    ])
      expect(notes, key).toContain(key);
    for (const key of ['beta', 'max_steps', 'learning_rate'])
      expect(notes, key).not.toMatch(new RegExp(`\\b${key}\\b`));
  });
});

describe('measuring while training, in the words of transformers', () => {
  const HELD = { eval_strategy: 'steps', eval_steps: 5, eval_dataset_name: 'held.jsonl' };

  it('is taken where select_by has a word for it', () => {
    const chosen = (verb: 'dpo' | 'sft' | 'reward' | 'jsft', more: object) =>
      taken(verb, { ...HELD, load_best_model_at_end: true, ...more }).config.select_by;
    expect(chosen('sft', {})).toBe('loss');
    expect(chosen('dpo', { metric_for_best_model: 'eval_loss', greater_is_better: false })).toBe('loss');
    expect(chosen('dpo', { metric_for_best_model: 'eval_rewards/accuracies' })).toBe('accuracy');
    expect(chosen('reward', { metric_for_best_model: 'accuracy', greater_is_better: true })).toBe('accuracy');
    expect(chosen('jsft', { metric_for_best_model: 'judge_accuracy' })).toBe('judge');
    expect(taken('dpo', { ...HELD, load_best_model_at_end: false }).config).toMatchObject({
      eval_steps: 5,
      select_by: 'none',
    });
    expect(taken('dpo', { eval_strategy: 'no', eval_dataset_name: 'held.jsonl' }).config.eval_steps).toBe(0);
  });

  it('is refused where it has none, saying what to write', () => {
    const refused = (more: object, verb: 'dpo' | 'self-train' | 'sft' = 'dpo') => faultsOf(verb, more);
    const best = { ...HELD, load_best_model_at_end: true };
    expect(refused({ ...best, metric_for_best_model: 'bleu' })).toEqual({
      load_best_model_at_end: expect.stringContaining('write select_by: loss') as string,
    });
    expect(refused({ ...best, greater_is_better: true })).toEqual({
      load_best_model_at_end: expect.stringContaining('the smaller is better') as string,
    });
    expect(refused(best, 'self-train')).toHaveProperty('load_best_model_at_end');
    expect(refused({ ...HELD, eval_strategy: 'epoch' })).toEqual({
      eval_strategy: expect.stringContaining('give eval_steps') as string,
    });
    expect(refused({ load_best_model_at_end: true })).toHaveProperty('eval_steps');
    expect(refused({ load_best_model_at_end: true, eval_steps: 5 })).toHaveProperty('eval_dataset_name');
    expect(refused({ select_by: 'outside', eval_steps: 5 }, 'self-train')).toEqual({
      outside_judge: expect.stringContaining('or select_by: judge') as string,
    });
  });

  it('without files of held-out rows says that nothing is measured', () => {
    expect(taken('dpo', { eval_steps: 5 }).notes).toContain(
      'eval_steps 5 does nothing: no eval_dataset_name says which rows are held out',
    );
  });

  it('a wrong word in a list has its nearest named', () => {
    const error = (() => {
      try {
        taken('dpo', { loss_type: ['sigmod'] });
      } catch (thrown) {
        return (thrown as Error).message;
      }
    })();
    expect(error).toMatch(/sigmod.*did you mean.*sigmoid/s);
  });
});

describe('a recipe of LLaMA-Factory', () => {
  const RECIPE = {
    stage: 'dpo',
    do_train: true,
    finetuning_type: 'lora',
    lora_rank: 4,
    lora_target: 'all',
    pref_beta: 0.2,
    pref_loss: 'sigmoid',
    dataset: 'my_pairs',
    template: 'chatml',
    cutoff_len: 256,
    max_samples: 100,
    overwrite_cache: true,
    overwrite_output_dir: true,
    plot_loss: true,
    ddp_timeout: 1000,
  };

  it('is taken in its own words; what names a registry or a template is refused', () => {
    expect(Object.keys(faultsOf('dpo', RECIPE))).toEqual(['dataset', 'template']);
    const { dataset: _, template: __, ...rest } = RECIPE;
    const { config } = taken('dpo', rest);
    // lora_alpha is twice the rank there.
    const expected = { lora_r: 4, lora_alpha: 8, beta: 0.2, max_length: 256, dataset_limit: 100 };
    expect(config).toMatchObject({ ...expected, full_finetuning: false });
    expect(config.lora_target_modules).toHaveLength(7);
    expect(taken('dpo', { ...rest, lora_alpha: 2 }).config.lora_alpha).toBe(2);
    expect(taken('sft', { mask_history: false }).config.train_on).toBe('all');
    expect(faultsOf('sft', { stage: 'dpo' })).toEqual({
      stage: 'left out: it is the verb dpo, and sft was called',
    });
    expect(faultsOf('dpo', { template: 'chatml' })).toHaveProperty('template');
  });
});

describe('a recipe of axolotl', () => {
  it('is taken in its own words', () => {
    const recipe = {
      base_model: 'n',
      model_name_or_path: 'n',
      adapter: 'lora',
      lora_target_linear: true,
      sequence_len: 512,
      sample_packing: true,
      micro_batch_size: 2,
      gradient_accumulation_steps: 4,
      num_epochs: 3,
      optimizer: 'adamw_torch_fused',
      lr_scheduler: 'cosine',
      bf16: 'auto',
      flash_attention: true,
      special_tokens: { pad_token: '<|end_of_text|>' },
    };
    const { config } = taken('sft', recipe);
    const expected = { model_name_or_path: 'n', max_length: 512, train_batch_size: 8, num_train_epochs: 3 };
    expect(config).toMatchObject({ ...expected, dtype: 'bf16', full_finetuning: false });
    const faults = faultsOf('sft', {
      ...recipe,
      optimizer: 'adamw_bnb_8bit',
      val_set_size: 0.05,
      adapter: 'qlora',
      rl: 'dpo',
    });
    expect(Object.keys(faults).sort()).toEqual(['adapter', 'optimizer', 'rl', 'val_set_size']);
    expect(taken('sft', { adapter: null }).config.full_finetuning).toBe(true);
  });
});

describe('what would change the result', () => {
  it.each([
    ['optim', 'adafactor'],
    ['optim', 'paged_adamw_32bit'],
    ['optim', 'adamw_8bit'],
    ['use_muon', true],
    ['neftune_noise_alpha', 5],
    ['early_stopping_patience', 3],
    ['completion_only_loss', false],
    ['use_rslora', true],
    ['deepspeed', 'zero3.json'],
    ['fp16', true],
  ])('is refused by name: %s %s', (key, value) => {
    expect(Object.keys(faultsOf('sft', { [key]: value }))).toEqual([key]);
    expect(Object.keys(faultsOf('sft', { [key]: key === 'completion_only_loss' ? true : null }))).toEqual([]);
  });

  it('is taken where it has a key here', () => {
    expect(taken('sft', { assistant_only_loss: true }).config.train_on).toBe('all');
    expect(taken('sft', { bf16: false }).config.dtype).toBe('float32');
    expect(taken('sft', { bf16: true, dtype: 'float32' }).config.dtype).toBe('float32');
    expect(taken('sft', { use_peft: false }).config.full_finetuning).toBe(true);
    expect(taken('dpo', { loss_type: ['ipo'] }).config.loss_type).toBe('ipo');
    const wave = { lr_scheduler_type: 'cosine_with_min_lr', learning_rate: 1e-4 };
    expect(taken('sft', { ...wave, lr_scheduler_kwargs: { min_lr: 1e-5 } }).config.min_lr_ratio).toBe(0.1);
    expect(faultsOf('sft', wave)).toHaveProperty('min_lr_ratio');
    expect(taken('sft', { warmup_steps: 0.1 }).config).toMatchObject({ warmup_ratio: 0.1, warmup_steps: 0 });
    expect(faultsOf('sft', { lora_rank: 4, lora_r: 8 })).toHaveProperty('lora_rank');
    expect(faultsOf('sft', { beta: 0.1 })).toEqual({
      beta: 'left out: it is a key of dpo, kto, self-train, self-train-offline, rso, and sft was called',
    });
  });
});

describe('values as YAML 1.1 and quotes leave them', () => {
  it('are read as meant', () => {
    const text =
      'learning_rate: "5e-5"\nwarmup_ratio: .1\nadam_epsilon: 1E-8\nmax_steps: 1_000\nlora_alpha: 4.\n';
    expect(taken('sft', `${text}full_finetuning: yes\n`).config).toMatchObject({
      learning_rate: 5e-5,
      warmup_ratio: 0.1,
      adam_epsilon: 1e-8,
      max_steps: 1000,
      lora_alpha: 4,
      full_finetuning: true,
    });
    for (const off of ['no', 'Off', 'FALSE'])
      expect(taken('sft', `full_finetuning: ${off}`).config.full_finetuning).toBe(false);
    expect(taken('sft', 'save_strategy: no').config.save_steps).toBe(0);
    expect(taken('sft', 'save_total_limit: null\nmax_grad_norm: ~').config).toMatchObject({
      save_total_limit: 0,
      max_grad_norm: 0,
    });
    expect(taken('sft', 'per_device_train_batch_size: "4"').config.train_batch_size).toBe(4);
  });

  it.each([
    ['seed: 010', /seed: 010, which is octal to some readers/],
    ['max_steps: 1:30', /max_steps: expected a number/],
    ['lora_dropout: null', /lora_dropout: expected a number \(.*\), or the key left out, received null/],
    ['learning_rate: 5e-5x', /learning_rate: expected a number/],
    ['output_dir: 2024', /output_dir: expected a text/],
    ['dtype: auto', /dtype: expected bf16 or float32/],
  ])('are refused by key where nobody can know: %s', (text, message) => {
    expect(() => taken('sft', text.startsWith('output_dir') ? { output_dir: 2024 } : text)).toThrow(message);
  });
});

describe('paths', () => {
  it('have ~ and $HOME, as where a shell has seen them', () => {
    const { config } = taken('dpo', {
      output_dir: '~/runs/one',
      dataset_name: ['$HOME/a.jsonl', '${HOME}/b.jsonl'],
    });
    expect(config.output_dir).toBe(join(homedir(), 'runs/one'));
    expect(config.dataset_name).toEqual([join(homedir(), 'a.jsonl'), join(homedir(), 'b.jsonl')]);
    expect(faultsOf('dpo', { output_dir: '~someone/x' }).output_dir).toMatch(
      /only ~ and \$HOME .*, not ~someone$/,
    );
    expect(faultsOf('dpo', { dataset_name: '$DATA/x.jsonl' }).dataset_name).toMatch(/not \$DATA/);
  });

  it('may be names on a hub, which are looked for when they are used', () => {
    const hub = {
      model_name_or_path: 'Qwen/Qwen2.5-0.5B@main',
      dataset_name: ['HuggingFaceH4/ultrafeedback_binarized', 'hf://datasets/owner/data/train.jsonl'],
    };
    expect(taken('dpo', hub).config).toMatchObject(hub);
    expect(faultsOf('dpo', { model_name_or_path: 'hf://owner' }).model_name_or_path).toMatch(
      /a name on the hub \(hf:..OWNER.NAME/,
    );
    expect(faultsOf('dpo', { ...hub, model_revision: 'v2' }).model_revision).toMatch(/OWNER.NAME@REVISION/);
    expect(taken('dpo', { model_name_or_path: 'no/such.gguf', output_dir: 'a/b' }).config.output_dir).toBe(
      'a/b',
    );
  });
});

describe('a recipe of PPO', () => {
  it('of TRL today, and before 0.12', () => {
    const { config } = taken('ppo', {
      reward_model_path: 'rm',
      response_length: 53,
      stop_token: 'eos',
      missing_eos_penalty: 1,
      num_ppo_epochs: 2,
      kl_estimator: 'k3',
      local_rollout_forward_batch_size: 16,
    });
    expect(config).toMatchObject({
      judge: 'rm',
      max_new_tokens: 53,
      missing_eos_penalty: 1,
      num_ppo_epochs: 2,
      kl_estimator: 'k3',
    });
    expect(
      taken('ppo', { init_kl_coef: 0.2, target: 6, horizon: 10000, ppo_epochs: 3 }).config,
    ).toMatchObject({
      kl_coef: 0.2,
      kl_target: 6,
      kl_horizon: 10000,
      num_ppo_epochs: 3,
    });
    expect(faultsOf('ppo', { adap_kl_ctrl: true, total_episodes: 100, mini_batch_size: 8 })).toEqual({
      adap_kl_ctrl: 'left out: give kl_target, above 0, and kl_horizon',
      total_episodes: 'left out: give max_steps, episodes / train_batch_size, or num_train_epochs',
      mini_batch_size: 'left out: give num_mini_batches, train_batch_size / mini_batch_size',
    });
    expect(faultsOf('ppo', { train_batch_size: 32, num_mini_batches: 5 })).toEqual({
      num_mini_batches: 'a divisor of train_batch_size, 32',
    });
    expect(faultsOf('ppo', { train_batch_size: 32, kl_target: 6, kl_horizon: 31 })).toHaveProperty(
      'kl_horizon',
    );
  });
});

describe('values that do not go together', () => {
  it('are noted where one does nothing, and refused where nothing comes of them', () => {
    const notesOf = (verb: TrainingVerb, recipe: object) => taken(verb, recipe).notes;
    expect(notesOf('dpo', { lora_dropout: 0.1 })).toMatch(
      /^lora_dropout 0.1 does nothing: the verb computes without dropout/,
    );
    expect(notesOf('sft', { lr_scheduler_type: 'constant', warmup_ratio: 0.1 })).toMatch(
      /constant_with_warmup does/,
    );
    expect(notesOf('sft', { lora_dropout: 0.1 })).toBe('');
    expect(notesOf('dpo', { lora_dropout: 0 })).toBe('');
    for (const verb of ['self-train', 'rso', 'rest', 'raft'] as const)
      expect(faultsOf(verb, { temperature: 0 })).toHaveProperty('temperature');
    expect(faultsOf('rso', { num_samples: 9, num_generations: 8 })).toEqual({
      num_samples: 'at most num_generations, which is 8',
    });
    expect(faultsOf('self-train', { judge_mode: 'policy', judge: 'runs/other' })).toEqual({
      judge_mode: 'static beside judge, which names another judge than the policy',
    });
    expect(faultsOf('self-train', { judge_mode: 'policy', sampling: 'off_policy_once' })).toHaveProperty(
      'judge_mode',
    );
    const moving = { sync_ref_model: true, ref_model_sync_steps: 64 };
    for (const verb of ['dpo', 'self-train', 'self-train-offline', 'rso'] as const) {
      // TRL's alpha of 0.6 is a mixture, which an adapter cannot be.
      expect(Object.keys(faultsOf(verb, moving))).toEqual(['ref_model_mixup_alpha']);
      expect(faultsOf(verb, { ...moving, ref_model_mixup_alpha: 1 })).toEqual({});
      expect(faultsOf(verb, { ...moving, full_finetuning: true })).toEqual({});
    }
    expect(Object.keys(faultsOf('kto', moving))).toEqual(['sync_ref_model']);
    expect(faultsOf('dpo', { outside_judge: 'runs/other' })).toHaveProperty('outside_judge');
  });

  it.each([
    [{ loss_type: 'hinge', label_smoothing: 0.1 }, 'label_smoothing'],
    [{ loss_type: 'exo_pair' }, 'label_smoothing'],
    [{ loss_type: 'sigmoid', simpo_gamma: 1 }, 'simpo_gamma'],
    [{ loss_type: 'sigmoid', discopop_tau: 0.1 }, 'discopop_tau'],
    [{ loss_type: 'simpo', cpo_alpha: 0.5 }, 'cpo_alpha'],
    [{ loss_type: 'simpo', logp_reduction: 'mean' }, 'logp_reduction'],
    [{ loss_type: 'sft', beta: 0.2 }, 'beta'],
    [{ loss_type: ['sigmoid', 'sft'], loss_weights: [1] }, 'loss_weights'],
    [{ loss_type: 'orpo', precompute_ref_log_probs: true }, 'precompute_ref_log_probs'],
  ])('an option that no loss of %o reads is an error', (recipe, key) => {
    expect(Object.keys(faultsOf('dpo', recipe))).toEqual([key]);
  });

  it.each([
    { loss_type: 'exo_pair', label_smoothing: 1e-3 },
    { loss_type: ['sigmoid', 'sft'], loss_weights: [1, 0.2], label_smoothing: 0.1 },
    { loss_type: ['hinge', 'simpo'], simpo_gamma: 1 },
    { loss_type: 'hinge', simpo_gamma: 0.5, discopop_tau: 0.05, cpo_alpha: 1, label_smoothing: 0 },
  ])('%o go together', (recipe) => {
    expect(faultsOf('dpo', recipe)).toEqual({});
  });
});

describe('losses on pairs', () => {
  const losses = ({ loss_type, loss_weights, logp_reduction, beta }: Record<string, unknown>) => ({
    loss_type,
    loss_weights,
    logp_reduction,
    beta,
  });
  const plain = { loss_weights: [], logp_reduction: 'sum', beta: 0.1 };

  it("are one word or a list, a list of one being the one, as TRL's", () => {
    expect(losses(taken('dpo', { loss_type: ['hinge'] }).config)).toEqual({ ...plain, loss_type: 'hinge' });
    expect(losses(taken('dpo', { loss_type: ['sigmoid', 'sft'], loss_weights: null }).config)).toEqual({
      ...plain,
      loss_type: ['sigmoid', 'sft'],
    });
    const { config } = taken('dpo', { loss_type: ['sigmoid', 'sft'], loss_weights: ['1', '0.2'] });
    expect(config.loss_weights).toEqual([1, 0.2]);
    expect(faultsOf('dpo', { loss_type: ['sigmoid', 'sigmoid'] })).toHaveProperty('loss_type');
  });

  it.each([
    [{ rpo_alpha: 0.5 }, { loss_type: ['sigmoid', 'sft'], loss_weights: [1, 0.5] }],
    [{ pref_loss: 'simpo' }, { loss_type: 'simpo' }],
    [
      { pref_loss: 'orpo', pref_beta: 0.2 },
      { loss_type: 'orpo', beta: 0.2 },
    ],
    [{ pref_loss: 'ipo' }, { loss_type: 'ipo', logp_reduction: 'mean' }],
    [{ pref_ftx: 1 }, { loss_type: ['sigmoid', 'sft'], loss_weights: [1, 1] }],
    [{ rl: 'ipo' }, { loss_type: 'ipo', logp_reduction: 'mean' }],
    [
      { rl: 'orpo', orpo_alpha: 0.3 },
      { loss_type: 'orpo', beta: 0.3 },
    ],
    [{ rl: 'simpo' }, { loss_type: ['simpo', 'sft'] }],
    [
      { dpo_loss_type: ['sigmoid', 'bco_pair'], dpo_loss_weights: [0.8, 0.2] },
      { loss_type: ['sigmoid', 'bco_pair'], loss_weights: [0.8, 0.2] },
    ],
  ])('of other makers: %o', (recipe, meant) => {
    expect(losses(taken('dpo', recipe).config)).toEqual({ ...plain, ...meant });
  });

  it('of kto are those of the verb', () => {
    const recipe = { rl: 'kto', loss_type: 'kto', kto_desirable_weight: 1.5, kto_rejected_weight: 0.5 };
    const { desirable_weight: wanted, undesirable_weight: unwanted } = taken('kto', recipe).config;
    expect([wanted, unwanted]).toEqual([1.5, 0.5]);
    expect(faultsOf('kto', { loss_type: 'apo_zero_unpaired' })).toHaveProperty('loss_type');
    expect(faultsOf('dpo', { rl: 'kto' }).rl).toMatch(/verb kto/);
    expect(faultsOf('sft', { kto_chosen_weight: 1 })).toEqual({});
  });

  it('that cannot be had are refused by name, with what to give', () => {
    expect(faultsOf('dpo', { pref_loss: 'kto_pair' })).toHaveProperty('pref_loss');
    expect(faultsOf('dpo', { loss_type: 'hinge', rpo_alpha: 0.5 }).rpo_alpha).toBe(
      'left out: give loss_type: [hinge, sft] and loss_weights: [1, 0.5]',
    );
  });
});
