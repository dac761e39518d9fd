import { resolve } from 'node:path';
import { ArgumentError } from '@selfjudge/base';
import type { AdapterConfig } from '@selfjudge/engine';
import type { PreferenceTrainable, Trainable } from '@selfjudge/training';
import { fullPreferenceTrainable, fullTrainable, loraTrainable } from '@selfjudge/training/internal';
import type { OpenModel } from '../models/model.js';
import { saveArguments } from '../models/templateSettings.js';
import type { RunOptions } from './runOptions.js';

const loraOf = (run: RunOptions): AdapterConfig => ({
  r: run.loraR,
  alpha: run.loraAlpha,
  dropout: run.loraDropout,
  targetModules: run.loraTargetModules,
});

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

function lora(opened: OpenModel, run: RunOptions): PreferenceTrainable {
  const { model, adapter } = opened;
  return told(opened, loraTrainable(model, loraOf(run), { seed: run.seed, start: adapter }));
}

/** Saves with the weights what the chat template was told while they were trained. */
const told = <T extends Trainable>({ templateSettings }: OpenModel, trainable: T): T =>
  savedWith(trainable, (dir) => saveArguments(templateSettings, dir));

function refuseAdapter({ adapter }: OpenModel, run: RunOptions): void {
  if (adapter === undefined) return;
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
