import { defaultsOf, type Fields, type OptionFault, type OptionsOf } from '@selfjudge/base/fields';
import type { LabelledRow, PreferencePair, PromptRow, SftExample } from '@selfjudge/data';
import type { Judge, JudgeTemplate } from '@selfjudge/judging';
import type { ModelView } from '@selfjudge/engine';
import type { Tokenizer } from '@selfjudge/text';
import type { RewardTrainable } from '../optimizer/rewardTrainable.js';
import type { ValueTrainable } from '../optimizer/valueTrainable.js';
import type { PreferenceTrainable, Trainable } from '../optimizer/trainable.js';
import type { KeptSums } from '../losses/keptSums.js';
import type { TrainingTask } from '../loop/trainingTask.js';
import type { defaultLora } from '../options/lora.js';
import type { Sourced } from '../options/paper.js';
import type { Examples } from '../loop/stepExamples.js';
import type { ExampleMaker } from './maker.js';
import type { Prepared } from './prepare.js';
import type { ShowContext, ShownPart } from './shown.js';

/** The kinds of rows that a method can ask for. */
export interface MethodRows {
  /** Prompt and completion, or messages. */
  examples: readonly SftExample[];
  /** Prompt, chosen, rejected. */
  preferences: readonly PreferencePair[];
  /** Prompt, completion, and whether it is wanted. */
  labelled: readonly LabelledRow[];
  prompts: readonly PromptRow[];
}

/** A named set of defaults: the method's own, and what a run has beside them. */
export interface Preset<O> {
  options?: Partial<O>;
  /** Where the options are from, for the documentation. */
  sources?: Readonly<Record<string, Sourced<unknown>>>;
  lora?: typeof defaultLora;
  /** All weights are trained in place of an adapter. */
  fullFinetuning?: true;
  /** The part of the data, where it is not the method's. */
  split?: 'all';
  /** The judge template, where it is not the method's. */
  judgeTemplate?: string;
}

/** What a method is given to make its task of. What it opens here is closed by whoever gave it. */
export interface MethodContext<O, R extends keyof MethodRows> {
  /** Every one of its options, with lengths that the model takes. */
  options: O;
  /** The rows of the run, at least one; those that no verb can read are left out and counted already. */
  rows: MethodRows[R];
  tokenizer: Tokenizer;
  /** What the judge is asked with: of methods with a `judgeTemplate`. */
  judgeTemplate(): JudgeTemplate;
  /** A judge that reads with a view of the model. */
  judge(view: ModelView): Judge;
  /** Examples of other files than the rows', of a method that has `demonstrations`; undefined where none are named. */
  demonstrations(): Promise<readonly SftExample[] | undefined>;
  /** A judge that nothing is trained on, where one is given. */
  outsideJudge?: Judge;
  /** Prompts of the dev split that fit, with which policies are compared; they are never trained on. */
  devPrompts(): Promise<readonly PromptRow[]>;
  /**
   * Rows of the method's own kind that are never trained on, prepared as its own are; none where none are to be measured.
   * @throws ArgumentError when there are files of them, and no row is left
   */
  heldOut<T>(what: string, prepare: (rows: MethodRows[R]) => Prepared<T>): Promise<readonly T[]>;
  /** What is trained: an adapter, or all weights. */
  policy(): Trainable;
  /** The same beside its frozen start. */
  policyBesideStart(): PreferenceTrainable;
  /** The same with a value model, which is trained too. */
  policyWithValues(): ValueTrainable;
  /** What is trained, with a vector that makes a reward of its last hidden row. */
  policyWithHead(): RewardTrainable;
  /**
   * What its rows become: after a word about those left out, or, of more rows than are known before the first step, as steps
   * need them. @throws ArgumentError when none is left
   */
  examplesOf<T>(made: ExampleMaker<O, MethodRows[R][number], T>): Promise<Examples<T>>;
  /**
   * What rows become, after a word about those left out. They are prepared some at a time, so that a run can be stopped meanwhile.
   * @param choose leaves out some of all that were prepared. Default: none
   * @throws ArgumentError when none is left
   */
  usable<Row, T>(
    what: string,
    rows: readonly Row[],
    prepare: (rows: readonly Row[]) => Prepared<T>,
    choose?: (all: Prepared<T>) => Prepared<T>,
  ): Promise<T[]>;
  /** Writes rows to samples/NAME.jsonl of the run. */
  writeSamples(name: string, rows: readonly object[]): void;
  /** What the frozen start says of tokens, kept beside the run folder. @param tokens their fingerprint */
  keptSums(tokens: string): KeptSums;
  warn(line: string): void;
  note(line: string): void;
}

/**
 * A way to train: its options, the rows it needs, and the task it makes of both. Verb, flags, configuration keys, help
 * text and the documentation are made of it.
 */
export interface Method<F extends Fields = Fields, R extends keyof MethodRows = keyof MethodRows> {
  /** One line of help. */
  readonly summary: string;
  /** Paper, with the equation or section, or library that it is after. */
  readonly source: string;
  readonly fields: F;
  readonly rows: R;
  /** The part of the data that it trains on by default. */
  readonly split: 'all' | 'train' | 'self';
  /** The judge template by default, of methods that teach or ask a judge. */
  readonly judgeTemplate?: 'plain' | 'auto';
  /** Whether it reads SFT examples of files beside its rows (`sft_dataset_name`). */
  readonly demonstrations?: true;
  /**
   * Whether adapters drop. They do not where the policy is trained beside its frozen start (`policyBesideStart`, `policyWithValues`): both must
   * give the same bits at the start.
   */
  readonly drops: boolean;
  /** Whether it trains a head (`policyWithHead`), and so goes on with that of a reward model. */
  readonly withHead?: true;
  /** Defaults by name, over those of the fields; `default` is always there. */
  readonly presets?: Readonly<Record<string, Preset<OptionsOf<F>>>>;
  /** What of its options does not go together, where each is right by itself. */
  faults?(options: OptionsOf<NoInfer<F>>): readonly OptionFault[];
  /** How each of its rows becomes an example, of a method whose examples need not all be known before the first step. */
  readonly made?: ExampleMaker<OptionsOf<NoInfer<F>>, MethodRows[R][number], unknown>;
  /**
   * What is learnt of a row, in words.
   * @param judgeTemplate what its own judge is asked with, @param judge who judges instead, in words
   */
  labels(options: OptionsOf<F>, judgeTemplate: string | undefined, judge?: string): string;
  /** What it makes of a row, by the functions that its task makes examples with. */
  show(context: ShowContext<OptionsOf<F>, MethodRows[R][number]>): ShownPart[];
  task(context: MethodContext<OptionsOf<F>, R>): TrainingTask | Promise<TrainingTask>;
}

/** Who judges, in words. @param own the model that judges where no other is named, and what it is asked with */
export const judgedBy = (judge: string | undefined, own: string, template: string | undefined): string =>
  judge === undefined ? `by the judgment of ${own} (template ${template})` : `judged by ${judge}`;

/** A method, its types inferred from its fields. */
export const method = <F extends Fields, R extends keyof MethodRows>(of: Method<F, R>): Method<F, R> => of;

/** What a preset makes of a method's options. @param name default: that of the fields */
export const presetOptions = <F extends Fields, R extends keyof MethodRows>(
  { fields, presets }: Method<F, R>,
  name = 'default',
): OptionsOf<F> => ({ ...defaultsOf(fields), ...presets?.[name]?.options });
