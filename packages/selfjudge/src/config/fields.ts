import { LINEARS } from '@selfjudge/engine';
import { LR_SCHEDULERS } from '@selfjudge/training';
import type { TemplateArguments } from '@selfjudge/text';
import { parseMoment, templateArgumentsFault } from '@selfjudge/text/internal';
import { z } from 'zod';
import { input, path, templateName } from './paths.js';

/** Building blocks of the verbs' configurations. Descriptions are the help text; defaults come from the presets. */
export type Fields = Readonly<Record<string, z.ZodType>>;

const positive = z.number().positive();
const whole = z.number().int().min(0);
const count = z.number().int().min(1);
const share = z.number().min(0).max(1);
const decay = z.number().min(0).lt(1);

const moduleNames = (text: string): string[] =>
  text === 'all-linear' ? [...LINEARS] : text.split(/[\s,]+/).filter(Boolean);

export const modelFields = {
  model_name_or_path: input.describe('run folder, checkpoint, adapter, Hugging Face folder or GGUF file'),
  dtype: z.enum(['float32', 'bf16']).describe('storage of weights and activations'),
  device: z.enum(['auto', 'cpu', 'cuda']).describe('where to compute'),
  chat_template: path
    .optional()
    .describe('a name (chatml, or one of the model) or a Jinja file, in place of the one of the model'),
  chat_template_kwargs: z
    .custom<TemplateArguments>((value) => templateArgumentsFault(value) === undefined)
    .optional()
    .describe('variables of the chat template, as {enable_thinking: true}; columns of a row go before them'),
  chat_template_date: z
    .string()
    .refine((text) => parseMoment(text) !== undefined)
    .optional()
    .describe(
      'the day that the chat template is told as today, as 2026-11-29; a run keeps the one it began with',
    ),
};

export const dataFields = {
  dataset_name: z
    .union([input.transform((one) => [one]), z.array(input).min(1)])
    .describe(
      'JSONL file or files (.gz too, - for stdin): prompt, chosen, rejected; messages; or HH transcripts',
    ),
  dataset_split: z
    .enum(['train', 'self', 'dev', 'test', 'all'])
    .describe('part of the data, by hash of the first user turn'),
  dataset_limit: whole.describe('rows at most; 0 for all'),
  prompt_format: z
    .enum(['auto', 'standard', 'chat'])
    .describe(
      'a string prompt is text as it stands (standard, as in TRL) or a user turn (chat); auto: as the weights were trained',
    ),
};

export const runFields = {
  output_dir: path.describe('run folder; the same command again goes on where it stopped'),
};

export const loopFields = {
  learning_rate: positive.describe('peak learning rate'),
  lr_scheduler_type: z.enum(LR_SCHEDULERS).describe('after warmup, which constant alone does not have'),
  warmup_ratio: share.describe('share of the steps with rising learning rate'),
  warmup_steps: whole.describe('steps with rising learning rate; above 0 it replaces warmup_ratio'),
  min_lr_ratio: share.describe('where the decay ends, as a share of the peak'),
  lr_num_cycles: z.number().min(0).describe('of the cosines; 0 for half a one, with restarts 1'),
  lr_power: positive.describe('of polynomial'),
  adam_beta1: decay.describe('AdamW'),
  adam_beta2: decay.describe('AdamW'),
  adam_epsilon: positive.max(1).describe('AdamW'),
  weight_decay: z.number().min(0).describe('decoupled, matrices only'),
  max_grad_norm: z.number().min(0).describe('gradients are scaled down to this global norm; 0 for no limit'),
  train_batch_size: count.describe('examples an optimizer step'),
  num_train_epochs: positive.describe('passes over the data'),
  max_steps: whole.describe('optimizer steps in all; 0 to go by epochs'),
  seed: whole.describe('keys data order, dropout and sampling'),
  token_budget: count.describe('rows of one tree at most: memory, not results, depends on it'),
  save_steps: whole.describe('a checkpoint every so many steps; 0 for none but the last'),
  save_total_limit: whole.describe('checkpoints kept; 0 for all'),
};

export const loraFields = {
  lora_r: count.describe('rank'),
  lora_alpha: positive.describe('scale is lora_alpha / lora_r'),
  lora_dropout: z.number().min(0).max(0.99).describe('on the input of the adapter; SFT and JSFT only'),
  lora_target_modules: z
    .union([z.string(), z.array(z.string())])
    .transform((names) => [names].flat().flatMap(moduleNames))
    .pipe(z.array(z.enum(LINEARS)).min(1))
    .describe('linear layers with an adapter; all-linear for all'),
  full_finetuning: z.boolean().describe('train all weights instead of an adapter'),
};

export const sftFields = {
  max_length: count.describe(
    'tokens of prompt and answer at most: longer answers are cut, prompts without room left out, both counted',
  ),
  train_on: z.enum(['last', 'all']).describe('assistant turns that are labels'),
};

export const jsftFields = {
  judge_batch_size: count.describe('judge examples an optimizer step, each a pair in both orders'),
  loss_normalization: z.enum(['task', 'token']).describe('mean over each task, or the plain token mean'),
  judge_weight: z.number().min(0).describe('weight of the mean over verdicts'),
  rationale_weight: z.number().min(0).describe('weight of the mean over rationale tokens'),
};

export const templateFields = {
  judge_template: templateName.describe(
    'a shipped template, a file, or auto: the one beside the weights, else plain',
  ),
  judge_reasoning: z
    .enum(['auto', 'drop', 'keep'])
    .describe(
      'whether the judge reads <think>...</think> before an answer; auto: as the judge template says, else drop',
    ),
};

export const preferenceFields = {
  loss_type: z.enum(['sigmoid', 'hinge', 'ipo']).describe('loss on pairs of answers'),
  beta: positive.describe('how strongly the policy is held to the reference'),
  label_smoothing: z.number().min(0).max(0.4999).describe('sigmoid only'),
  logp_reduction: z.enum(['sum', 'mean']).describe('log-probability of an answer'),
};

export const dpoFields = {
  precompute_ref_log_probs: z.boolean().describe('score the reference once before the first step'),
};

export const samplingFields = {
  max_new_tokens: count.describe('tokens of an answer at most'),
  temperature: z.number().min(0).describe('0 takes the most probable token'),
  top_p: z.number().gt(0).max(1).describe('nucleus sampling; 1 for off'),
  top_k: whole.describe('most probable tokens to sample from; 0 for all'),
};

/** How many answers a prompt gets, and whether the model chooses among them. */
export const answerFields = {
  count: count.max(2 ** 31 - 1).describe('answers a prompt'),
  best_of: count
    .max(2 ** 31 - 1)
    .describe('sample n answers and keep the winner of a tournament by its own judgment'),
};

export const selfTrainingFields = {
  max_prompt_length: count.describe('tokens; longer prompts are dropped and counted'),
  missing_eos: z.enum(['drop', 'keep', 'lose']).describe('what becomes of an answer cut before its end'),
  eval_steps: whole.describe(
    'ask the judge it trains on about dev prompts every so many steps, and keep the step it likes best; 0 for never',
  ),
  max_kl: positive.describe('nats a sequence; farther from the start training stops'),
};

/** Fields that take several values: as a list in a file, one after the other as a flag. */
export const LIST_FIELDS: ReadonlySet<string> = new Set(['dataset_name', 'lora_target_modules']);

/** Fields by what they are about, in the order of the help text. */
export type FieldGroups = Readonly<Record<string, Fields>>;

/** Those of the training verbs. */
export const FIELD_GROUPS: FieldGroups = {
  'Model and data': { ...modelFields, ...dataFields, ...runFields },
  Method: {
    ...sftFields,
    ...jsftFields,
    ...templateFields,
    ...preferenceFields,
    ...dpoFields,
    ...selfTrainingFields,
  },
  Answers: samplingFields,
  Adapter: loraFields,
  'Training loop': loopFields,
};
