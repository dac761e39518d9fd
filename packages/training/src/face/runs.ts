// What the exported functions take. The package's own code and its sisters call them unchecked (internal.ts).
import {
  abortSignal,
  callback,
  checked,
  checkedAsync,
  flag,
  having,
  instance,
  number,
  object,
  optional,
  options,
  path,
  text,
  whole,
} from '@selfjudge/base/checks';
import { Device } from '@selfjudge/engine';
import { model } from '@selfjudge/engine/checks';
import * as folders from '../loop/atomicFolder.js';
import * as checkpoints from '../loop/loadCheckpoint.js';
import * as is from '../checks.js';
import * as facts from '../loop/environment.js';
import * as runner from '../loop/runner.js';
import * as schedules from '../loop/schedule.js';
import * as trainables from '../optimizer/trainable.js';

export const atomicFolder = checkedAsync('atomicFolder', { path, fill: callback }, folders.atomicFolder);
export const folderFault = checked('folderFault', { path }, folders.folderFault);
export const loadCheckpoint = checked(
  'loadCheckpoint',
  { path, parameters: is.isParameterSets, optimizer: is.isOptimizer, restore: optional(callback) },
  checkpoints.loadCheckpoint,
);
export const environment = checked(
  'environment',
  { device: instance(Device), packageVersion: text },
  facts.environment,
);
export const train = checkedAsync(
  'train',
  {
    task: object({
      trainable: is.isTrainable,
      optimizer: is.isOptimizer,
      order: having('a DataOrder', { totalSteps: whole(0), epoch: callback }),
      schedule: callback,
      step: callback,
      selection: optional(object({ every: whole(1), startSignal: number(), evaluate: callback })),
      review: optional(callback),
      state: optional(callback),
      restore: optional(callback),
    }),
    options: options({
      folder: optional(having('a RunFolder', { checkpoints: object({}), appendMetrics: callback })),
      saveSteps: whole(0),
      saveTotalLimit: whole(0),
      resume: optional(flag),
      signal: optional(abortSignal),
      onStart: optional(callback),
      onLog: optional(callback),
      onWarning: optional(callback),
    }),
  },
  runner.train,
);
export const schedule = checked(
  'schedule',
  { options: is.scheduleOptions, totalSteps: whole(0) },
  schedules.schedule,
);
export const loraTrainable = checked(
  'loraTrainable',
  {
    model,
    lora: object({}), // Adapter.init's to check
    options: options({
      seed: whole(0),
      start: optional(having('an Adapter', { config: object({}) })),
    }),
  },
  trainables.loraTrainable,
);
export const saveWeights = checkedAsync('saveWeights', { model, dir: path }, trainables.saveWeights);
export const fullTrainable = checked('fullTrainable', { model }, trainables.fullTrainable);
export const fullPreferenceTrainable = checked(
  'fullPreferenceTrainable',
  { model },
  trainables.fullPreferenceTrainable,
);
