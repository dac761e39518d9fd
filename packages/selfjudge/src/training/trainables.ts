import { resolve } from 'node:path';
import { ArgumentError } from '@selfjudge/base';
import type { AdapterConfig } from '@selfjudge/engine';
import type { PreferenceTrainable, RewardTrainable, Trainable, ValueTrainable } from '@selfjudge/training';
import { describeAdapter, isGguf, stackedConfig } from '@selfjudge/engine/internal';
import {
  fullPreferenceTrainable,
  fullTrainable,
  loraTrainable,
  rewardTrainable,
  valueTrainable,
} from '@selfjudge/training/internal';
import type { OpenModel } from '../models/model.js';
import { saveArguments } from '../models/templateSettings.js';
import type { RunOptions } from './runOptions.js';

const loraOf = (run: RunOptions): AdapterConfig => ({
  r: run.loraR,
  alpha: run.loraAlpha,
  dropout: run.loraDropout,
  targetModules: run.loraTargetModules,
});

/** The adapters of a run, for the lines at its start. */
export interface AdapterTexts {
  /** The new one; absent when all weights are trained. */
  adapter?: string;
  /** The one that the model brought, which stays as it is below the new one, and the one that both are saved as. */
  below?: string;
  saved?: string;
}

export function adapterTexts({ model, adapter }: OpenModel, run: RunOptions): AdapterTexts {
  if (run.fullFinetuning) return {};
  const own = loraOf(run);
  const text = (config: AdapterConfig) => describeAdapter(config, model.config);
  if (adapter === undefined) return { adapter: `${text(own)}, alpha ${own.alpha}` };
  const both = stackedConfig([adapter.config, own], model.config.layers);
  return { adapter: `${text(own)}, alpha ${own.alpha}`, below: text(adapter.config), saved: text(both) };
}

/** What Python cannot open by itself of what a run saves; undefined where there is nothing. */
export function baseWarning({ model: { source } }: OpenModel, run: RunOptions): string | undefined {
  if (source === undefined || run.fullFinetuning || !isGguf(source)) return undefined;
  return (
    `the base is a GGUF file (${source}), which PEFT's AutoPeftModel does not open: README.md beside each saved adapter ` +
    'says how PEFT opens it'
  );
}

/** What SFT and JSFT train: an adapter, or all weights. */
export function supervised(opened: OpenModel, run: RunOptions): Trainable {
  if (!run.fullFinetuning) return lora(opened, run);
  refuseAdapter(opened, run);
  return told(opened, fullTrainable(opened.model));
}

/** What is trained against its own start. */
export function preference(opened: OpenModel, run: RunOptions): PreferenceTrainable {
  if (!run.fullFinetuning) return lora(opened, run);
  refuseAdapter(opened, run);
  return told(opened, fullPreferenceTrainable(opened.model));
}

/** What is trained against its own start by the values of a second model. */
export function withValues(opened: OpenModel, run: RunOptions): ValueTrainable {
  const { model, adapter } = opened;
  if (run.fullFinetuning) refuseAdapter(opened, run);
  else refuseMerged(opened, run);
  const own = run.fullFinetuning ? {} : { lora: loraOf(run), start: adapter };
  return told(opened, valueTrainable(model, { seed: run.seed, ...own }));
}

/** A reward model on the weights, or on an adapter of them; on a reward model with the head that it has. */
export function withHead(opened: OpenModel, run: RunOptions): RewardTrainable {
  const { model, adapter, head } = opened;
  if (run.fullFinetuning) refuseAdapter(opened, run);
  else refuseMerged(opened, run);
  const own = run.fullFinetuning ? {} : { lora: loraOf(run), start: adapter };
  return told(opened, rewardTrainable(model, { seed: run.seed, head, ...own }));
}

function lora(opened: OpenModel, run: RunOptions): PreferenceTrainable {
  refuseMerged(opened, run);
  const { model, adapter } = opened;
  return told(opened, loraTrainable(model, loraOf(run), { seed: run.seed, start: adapter }));
}

/** Saves with the weights what the chat template was told while they were trained. */
const told = <T extends Trainable>({ templateSettings }: OpenModel, trainable: T): T =>
  savedWith(trainable, (dir) => saveArguments(templateSettings, dir));

/** An adapter on weights that no folder holds could not be opened again. */
function refuseMerged({ merged }: OpenModel, run: RunOptions): void {
  if (merged === undefined) return;
  throw new ArgumentError('model_name_or_path', {
    where: 'train',
    expected:
      'a model, or an adapter of low-rank matrices on linear layers alone. Merge this one first ' +
      `(loadModel('${run.modelNameOrPath}'), then save('MERGED', { merge: true })) and train MERGED`,
    received: `an adapter with ${merged.join(', ')}`,
  });
}

function refuseAdapter(opened: OpenModel, run: RunOptions): void {
  refuseMerged(opened, run);
  if (opened.adapter === undefined) return;
  throw new ArgumentError('full_finetuning', {
    where: 'train',
    expected: 'a whole model, as an adapter cannot be trained in full',
    received: resolve(run.modelNameOrPath),
  });
}

/** Saves something beside the weights: the judge template travels with the weights it was trained into. */
export function savedWith<T extends Trainable>(trainable: T, beside: (dir: string) => void): T {
  return {
    ...trainable,
    save: async (dir: string) => {
      await trainable.save(dir);
      beside(dir);
    },
  };
}
