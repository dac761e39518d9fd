import type { ConfigFault } from '@selfjudge/base';
import { METHODS, type Method } from '@selfjudge/training';
import { camelCase, mapKeys, snakeCase } from './naming.js';

type Values = Readonly<Record<string, unknown>>;

/** Keys that do nothing beside the value of another one. */
interface Idle {
  key: string;
  /** Values with which the key does nothing by itself. */
  none?: readonly unknown[];
  when(config: Values, verb: string): boolean;
  /** Why, and what to do. */
  reason: string;
}

const dropsNothing = (verb: string) =>
  Object.entries<Method>(METHODS).some(([name, { drops }]) => name === verb && !drops);
const asksPrompts = (verb: string) =>
  Object.entries<Method>(METHODS).some(([name, { rows }]) => name === verb && rows === 'prompts');
const scheduler = (config: Values) => String(config.lr_scheduler_type);

/** Who judges, where several may. */
const wordsOf = (judge: unknown): readonly string[] => (Array.isArray(judge) ? (judge as string[]) : []);

const IDLE: readonly Idle[] = [
  {
    key: 'lora_dropout',
    none: [0],
    when: (_, verb) => dropsNothing(verb),
    reason: 'the verb computes without dropout: policy and reference must give the same bits at the start',
  },
  {
    key: 'lora_dropout',
    none: [0],
    when: ({ disable_dropout }) => disable_dropout === true,
    reason: 'disable_dropout is true',
  },
  {
    key: 'warmup_ratio',
    none: [0],
    when: (config) => scheduler(config) === 'constant',
    reason: 'lr_scheduler_type constant does not warm up; constant_with_warmup does',
  },
  {
    key: 'warmup_steps',
    none: [0],
    when: (config) => scheduler(config) === 'constant',
    reason: 'lr_scheduler_type constant does not warm up; constant_with_warmup does',
  },
  {
    key: 'min_lr_ratio',
    none: [0],
    when: (config) => scheduler(config).startsWith('constant'),
    reason: 'a constant learning rate does not fall',
  },
  {
    key: 'lr_power',
    none: [1],
    when: (config) => scheduler(config) !== 'polynomial',
    reason: 'only lr_scheduler_type polynomial has a power',
  },
  {
    key: 'lr_num_cycles',
    none: [0],
    when: (config) => !scheduler(config).startsWith('cosine'),
    reason: 'only the cosines have cycles',
  },
  {
    key: 'sft_dataset_name',
    when: ({ sft_weight }) => sft_weight === 0,
    reason: 'sft_weight 0 teaches judging alone',
  },
  {
    key: 'sft_dataset_shape',
    when: ({ sft_dataset_name }) => sft_dataset_name === undefined,
    reason: 'it is of the rows of sft_dataset_name',
  },
  ...['sft_weight', 'judge_weight', 'rationale_weight'].map((key) => ({
    key,
    none: key === 'sft_weight' ? [0, 1] : [1],
    when: ({ loss_normalization }: Values) => loss_normalization === 'token',
    reason: 'loss_normalization token is the plain mean over tokens',
  })),
  ...['judge', 'reference_weight', 'start'].map((key) => ({
    key,
    none: key === 'reference_weight' ? [0] : [],
    when: ({ best_of }: Values) => best_of === 1,
    reason: 'there is nothing to compare where best_of is 1',
  })),
  {
    key: 'start',
    when: ({ judge, best_of, reference_weight }) =>
      best_of !== 1 && judge !== 'start' && reference_weight === 0,
    reason: 'neither judge start nor a reference_weight asks for it',
  },
  ...['top_p', 'top_k'].map((key) => ({
    key,
    none: key === 'top_p' ? [1] : [0],
    when: ({ temperature }: Values) => temperature === 0,
    reason: 'temperature 0 takes the most probable token',
  })),
  {
    key: 'max_new_tokens',
    when: ({ explain }) => explain === false,
    reason: 'a verdict is one token, and explain is false',
  },
  ...['tie_threshold', 'least_mass'].map((key) => ({
    key,
    when: ({ calibrate }: Values) => calibrate === true,
    reason: 'to be calibrated the judge is asked as it is',
  })),
  {
    key: 'length_controlled',
    none: [false],
    when: ({ calibrate }) => calibrate === false,
    reason: 'a calibration that is there says itself whether it takes length off; calibrate fits one',
  },
  ...['judge_concurrency', 'judge_calls'].map((key) => ({
    key,
    none: [8, 0],
    when: ({ judge_endpoint, judge }: Values) =>
      judge_endpoint === undefined && !wordsOf(judge).some((word) => /^https?:|\.ya?ml$/i.test(word)),
    reason: 'there is no endpoint to be asked',
  })),
  ...['dtype', 'device', 'chat_template', 'chat_template_kwargs', 'chat_template_date'].map((key) => ({
    key,
    when: ({ judge_endpoint, judge }: Values) =>
      judge_endpoint !== undefined ||
      (judge !== undefined && wordsOf(judge).every((word) => /^https?:/.test(word))),
    reason: 'judge_endpoint computes elsewhere, with a chat template of its own',
  })),
  {
    key: 'max_kl',
    when: ({ eval_steps }) => eval_steps === 0,
    reason: 'it is looked at where the judge is asked, every eval_steps steps, and eval_steps is 0',
  },
  {
    key: 'eval_steps',
    none: [0],
    when: (config, verb) => !asksPrompts(verb) && config.eval_dataset_name === undefined,
    reason: 'no eval_dataset_name says which rows are held out',
  },
  ...['outside_judge', 'select_by', 'eval_dataset_name', 'eval_dataset_split'].map((key) => ({
    key,
    none: ['auto', 'none', 'all'],
    when: ({ eval_steps }: Values) => eval_steps === 0,
    reason: 'nothing is measured beside training, as eval_steps is 0',
  })),
  {
    key: 'eval_dataset_split',
    none: ['all'],
    when: ({ eval_steps, eval_dataset_name }) => eval_steps !== 0 && eval_dataset_name === undefined,
    reason: 'it is a part of eval_dataset_name, which is not given',
  },
  ...['ref_model_mixup_alpha', 'ref_model_sync_steps'].map((key) => ({
    key,
    when: ({ sync_ref_model }: Values) => sync_ref_model === false,
    reason: 'the reference stands still, as sync_ref_model is false',
  })),
  ...['lora_r', 'lora_alpha', 'lora_dropout', 'lora_target_modules'].map((key) => ({
    key,
    when: ({ full_finetuning }: Values) => full_finetuning === true,
    reason: 'full_finetuning trains all weights, without an adapter',
  })),
];

/** What is said of values that do not go together: refused where nothing right can come of them, else noted. */
export function combinations(
  verb: string,
  config: Values,
  given: Values,
): { faults: ConfigFault[]; notes: string[] } {
  const idle = IDLE.filter(
    ({ key, none = [], when }) =>
      given[key] !== undefined && key in config && !none.includes(config[key]) && when(config, verb),
  );
  return {
    faults: [...refusedTogether(verb, config), ...faultsOfMethod(verb, config)],
    notes: idle.map(({ key, reason }) => `${key} ${shown(config[key])} does nothing: ${reason}`),
  };
}

/** What the method itself says of its options. */
const faultsOfMethod = (verb: string, config: Values): ConfigFault[] =>
  Object.entries<Method>(METHODS).flatMap(([name, method]) =>
    name === verb
      ? (method.faults?.(mapKeys(config, camelCase)) ?? []).map((fault) => ({
          ...fault,
          key: snakeCase(fault.key),
        }))
      : [],
  );

function refusedTogether(verb: string, config: Values): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const { best_of: bestOf, temperature, lr_scheduler_type: type, min_lr_ratio: end } = config;
  if (typeof bestOf === 'number' && bestOf > 1 && temperature === 0)
    faults.push({
      key: 'best_of',
      expected: '1 at temperature 0, where all answers are the same (or a temperature above 0)',
      received: bestOf,
    });
  if (type === 'cosine_with_min_lr' && end === 0)
    faults.push({
      key: 'min_lr_ratio',
      expected: 'above 0 with cosine_with_min_lr (or lr_scheduler_type: cosine)',
      received: end,
    });
  for (const key of ['adapter', 'explain'])
    if (config.judge_endpoint !== undefined && ![undefined, false].includes(config[key] as false | undefined))
      faults.push({ key, expected: 'nothing beside judge_endpoint', received: config[key] });
  if (config.select_by === 'outside' && config.outside_judge === undefined)
    faults.push({
      key: 'outside_judge',
      expected: 'a judge, as select_by is outside (or select_by: judge)',
      received: 'none',
    });
  if (config.judge_mode === 'policy' && config.judge !== undefined)
    faults.push({
      key: 'judge_mode',
      expected: 'static beside judge, which names another judge than the policy',
      received: 'policy',
    });
  if (config.sync_ref_model === true && !config.full_finetuning && config.ref_model_mixup_alpha !== 1)
    faults.push({
      key: 'ref_model_mixup_alpha',
      expected:
        '1 with an adapter, the reference as its copy: a mixture of two adapters is none of their rank (or full_finetuning)',
      received: config.ref_model_mixup_alpha,
    });
  const { select_by: chooser, eval_steps: every, eval_dataset_name: held } = config;
  if (chooser !== undefined && every !== undefined && !asksPrompts(verb) && chooser !== 'none') {
    const missing = every === 0 ? 'eval_steps' : held === undefined ? 'eval_dataset_name' : undefined;
    if (missing !== undefined)
      faults.push({
        key: missing,
        expected: `${missing === 'eval_steps' ? 'above 0' : 'files of held-out rows'}, as select_by ${String(chooser)} chooses the step that is kept by what is measured there`,
        received: missing === 'eval_steps' ? 0 : 'none',
      });
  }
  const { num_samples: accepted, num_generations: generations } = config;
  if (typeof accepted === 'number' && typeof generations === 'number' && accepted > generations)
    faults.push({
      key: 'num_samples',
      expected: `at most num_generations, which is ${generations}`,
      received: accepted,
    });
  if (generations !== undefined && config.loss_type === undefined && temperature === 0)
    faults.push({
      key: 'temperature',
      expected: 'above 0: all answers to a prompt would be the same, and none the best',
      received: temperature,
    });
  if (config.loss_type !== undefined && temperature === 0 && config.missing_eos !== undefined)
    faults.push({
      key: 'temperature',
      expected: 'above 0: both answers to a prompt would be the same, and no pair to learn from',
      received: temperature,
    });
  return faults;
}

const shown = (value: unknown): string => (Array.isArray(value) ? value.join(' ') : String(value));
