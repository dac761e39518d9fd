import { LINEARS } from '@selfjudge/engine';
import { SHAPE_NAMES } from '@selfjudge/data/internal';
import type { Fields as OptionFields } from '@selfjudge/base/fields';
import { METHODS, type Method } from '@selfjudge/training';
import { loopFields, samplingFields } from '@selfjudge/training/internal';
import type { TemplateArguments } from '@selfjudge/text';
import { parseMoment, templateArgumentsFault } from '@selfjudge/text/internal';
import { z } from 'zod';
import { snakeCase } from './naming.js';
import { input, path, shapeName, templateName } from './paths.js';

// Building blocks of the verbs' configurations, by the API's names. Descriptions are the help text; defaults come from the
// presets. What a field gives it also takes, and gives again: values are read where they enter and where they leave.

const positive = z.number().positive();
const whole = z.number().int().min(0);
const count = z.number().int().min(1);

/** Words for several layers at once: those of Phi 3, whose files have them as one matrix, too. */
const MODULES: Readonly<Record<string, readonly string[]>> = {
  'all-linear': LINEARS,
  qkv_proj: ['q_proj', 'k_proj', 'v_proj'],
  gate_up_proj: ['gate_proj', 'up_proj'],
};
const moduleNames = (text: string): string[] =>
  text
    .split(/[\s,]+/)
    .filter(Boolean)
    .flatMap((name) => (Object.hasOwn(MODULES, name) ? MODULES[name] : [name]));

export const modelFields = {
  modelNameOrPath: input.describe(
    'run folder, checkpoint, adapter, Hugging Face folder, GGUF file, or a name on the hub: OWNER/NAME[@REVISION]',
  ),
  dtype: z.enum(['float32', 'bf16']).describe('storage of weights and activations'),
  device: z.enum(['auto', 'cpu', 'cuda']).describe('where to compute'),
  chatTemplate: path
    .optional()
    .describe(
      'a name (chatml, gemma, or one of the model) or a Jinja file, in place of the one of the model',
    ),
  chatTemplateKwargs: z
    .custom<TemplateArguments>((value) => templateArgumentsFault(value) === undefined)
    .optional()
    .describe('variables of the chat template, as {enable_thinking: true}; columns of a row go before them'),
  chatTemplateDate: z
    .string()
    .refine((text) => parseMoment(text) !== undefined)
    .optional()
    .describe(
      'the day that the chat template is told as today, as 2026-11-29; a run keeps the one it began with',
    ),
};

export const dataFields = {
  datasetName: z
    .union([input.transform((one) => [one]), z.array(input).min(1)])
    .describe(
      'files of rows (JSONL, JSON, CSV, Parquet; .gz and .zst too; - for stdin), or data on the hub (hf://datasets/OWNER/NAME): prompt, chosen, rejected; messages; or HH transcripts',
    ),
  datasetSplit: z
    .enum(['train', 'self', 'dev', 'test', 'all'])
    .describe('part of the data, by hash of the first user turn'),
  datasetLimit: whole.describe('rows at most; 0 for all'),
  datasetShape: shapeName
    .optional()
    .describe(
      `what the rows are: auto (default), as their columns tell; ${SHAPE_NAMES.join(', ')}; or a YAML file that says which columns are prompt, completions, winner and the like`,
    ),
  promptFormat: z
    .enum(['auto', 'standard', 'chat'])
    .describe(
      'a string prompt is text as it stands (standard, as in TRL) or a user turn (chat); auto: as the weights were trained',
    ),
};

export const runFields = {
  outputDir: path.describe('run folder; the same command again goes on where it stopped'),
};

export const loraFields = {
  loraR: count.describe('rank'),
  loraAlpha: positive.describe('scale is lora_alpha / lora_r'),
  loraDropout: z.number().min(0).lt(1).describe('on the input of the adapter; SFT and JSFT only'),
  loraTargetModules: z
    .union([z.string(), z.array(z.string())])
    .transform((names) => [names].flat().flatMap(moduleNames))
    .pipe(z.array(z.enum(LINEARS)).min(1))
    .describe('linear layers with an adapter; all-linear for all, qkv_proj and gate_up_proj for those parts'),
  fullFinetuning: z.boolean().describe('train all weights instead of an adapter'),
};

/** Where else a run writes its metrics. */
export const trackingFields = {
  reportTo: z
    .enum(['none', 'tensorboard'])
    .describe('tensorboard: event files in the run folder too, beside metrics.jsonl'),
};

/** Of verbs that read demonstrations beside their rows. */
export const demonstrationFields = {
  sftDatasetName: dataFields.datasetName
    .optional()
    .describe(
      'files of the answers to imitate, in place of the chosen ones of dataset_name: any that sft reads, the pairs themselves among them',
    ),
  sftDatasetShape: shapeName
    .optional()
    .describe('what the rows of sft_dataset_name are, as dataset_shape says it (default: auto)'),
};

/** Of verbs that measure while they train. */
export const evalFields = {
  evalDatasetName: dataFields.datasetName
    .optional()
    .describe(
      'files of held-out rows, of the kind that the verb trains on: measured every eval_steps steps, never trained on (of self-train and its like the first 64 prompts; default there: the dev split of dataset_name)',
    ),
  evalDatasetSplit: dataFields.datasetSplit.describe('part of eval_dataset_name'),
};

/** Of verbs that ask a judge which may be another than the model. */
export const judgeFields = {
  judge: input
    .optional()
    .describe(
      'who compares answers: a model that judges, a reward model, a file of judgments, or a YAML file of several judges (default: the model itself, before it is trained)',
    ),
  outsideJudge: input
    .optional()
    .describe(
      'a judge that nothing is trained on, of another base and other pairs: asked about dev prompts every eval_steps steps, it chooses the step that is kept',
    ),
};

export const templateFields = {
  judgeTemplate: templateName.describe(
    'a shipped template, a file, or auto: the one beside the weights, else plain',
  ),
  judgeReasoning: z
    .enum(['auto', 'drop', 'keep'])
    .describe(
      'whether the judge reads <think>...</think> before an answer; auto: as the judge template says, else drop',
    ),
};

/** How many answers a prompt gets, and whether the model chooses among them. */
export const answerFields = {
  count: count.max(2 ** 31 - 1).describe('answers a prompt'),
  bestOf: count
    .max(2 ** 31 - 1)
    .describe('sample n answers and keep the winner of a tournament by its own judgment'),
};

/** Fields that take several values: as a list in a file, one after the other as a flag. */
export const LIST_FIELDS: ReadonlySet<string> = new Set([
  'dataset_name',
  'sft_dataset_name',
  'eval_dataset_name',
  'lora_target_modules',
  'against',
  'mixture',
  ...Object.values<Method>(METHODS).flatMap(({ fields }) =>
    Object.keys(fields)
      .filter((key) => ['choices', 'numbers'].includes(fields[key].form.kind))
      .map(snakeCase),
  ),
]);

/** Keys of files and flags by what they are about, in the order of the help text. */
export type FieldGroups = Readonly<Record<string, readonly string[]>>;

const keysOf = (fields: object): string[] => Object.keys(fields).map(snakeCase);

/** Those of the training verbs: what is of no other group is the method's. */
export const FIELD_GROUPS: FieldGroups = {
  'Model and data': keysOf({
    ...modelFields,
    ...dataFields,
    ...demonstrationFields,
    ...evalFields,
    ...runFields,
    ...trackingFields,
  }),
  Method: keysOf({ ...ofMethodsAlone(), ...judgeFields, ...templateFields }),
  Answers: keysOf(samplingFields),
  Adapter: keysOf(loraFields),
  'Training loop': keysOf(loopFields),
};

function ofMethodsAlone(): OptionFields {
  const all = Object.values(METHODS).flatMap(({ fields }) => Object.entries(fields));
  return Object.fromEntries(all.filter(([key]) => !(key in loopFields) && !(key in samplingFields)));
}
