import { mkdirSync } from 'node:fs';
import {
  arg,
  entry,
  type Entry,
  except,
  fields,
  given,
  junk,
  notFlag,
  notFunction,
  notListOf,
  notNumber,
  notObject,
  notObjectOf,
  notText,
  notWhole,
} from '@selfjudge/testing/wrongCalls';
import fc from 'fast-check';
import * as training from '../index.js';
import * as v from './wrongValues.js';

const { AdamW, Checkpoints, DataOrder, RunFolder } = training;
type Any = never;

export const run = RunFolder.open(v.at('run'));
const checkpoints = new Checkpoints(v.at('checkpoints'));
const snapshot = { state: { step: 1, numTokens: 1, path: 'x' } };
const saved = await checkpoints.write(v.trainable, v.optimizer, snapshot);
const { policy: moments } = (await v.optimizer.state()).moments;
const notMoment = fc.oneof(junk, fc.constant(new Float32Array(1)));
const notPath = fc.oneof(notText, fc.constantFrom('', '\0'));
const notPlace = fc.oneof(notPath, fc.constant(`${saved}/manifest.json/below`));
const signal = arg(new AbortController().signal, given(junk));
const trainable = arg(v.trainable, v.notTrainable);
const optimizer = arg(v.optimizer, v.notOptimizer);
const order = new DataOrder({ length: 4, batchSize: 2, epochs: 1, maxSteps: 0, seed: 0 });
const task = {
  trainable,
  optimizer,
  order: arg(order, fc.oneof(junk, fc.constant({ totalSteps: 1 }))),
  schedule: arg(() => () => 1e-3, notFunction),
  step: arg(
    () => () => Promise.resolve({ metrics: {}, tokens: 1, examples: [], skipped: false }),
    notFunction,
  ),
  review: arg(undefined, given(notFunction)),
  state: arg(undefined, given(notFunction)),
  restore: arg(undefined, given(notFunction)),
  selection: arg(undefined, given(junk)),
};
const row = { step: 1, epoch: 1, metrics: { loss: 1 } };
const notJson = fc.oneof(notObject, fc.constant({ a: 1n }));
mkdirSync(v.at('weights'));
const model = arg(v.model, v.notModel);

/** What writes and reads runs, and what they are made of. */
export const runEntries: Record<string, Entry> = {
  atomicFolder: entry(training.atomicFolder, {
    path: arg(v.at('folder'), notPlace),
    fill: arg(() => () => Promise.resolve(), notFunction),
  }),
  folderFault: entry(training.folderFault, { path: arg(saved, notPath) }),
  'new Checkpoints': entry((path: string) => new Checkpoints(path), { path: arg(v.at('x'), notPath) }),
  'Checkpoints#at': entry((step: number) => checkpoints.at(step), { step: arg(1, notWhole(0)) }),
  'Checkpoints#rotate': entry((keep: number) => checkpoints.rotate(keep), { keep: arg(3, notWhole(0)) }),
  'Checkpoints#write': entry(
    (...values: Any[]) => checkpoints.write(...(values as unknown as [Any, Any, Any])),
    {
      trainable,
      optimizer,
      snapshot: arg(
        snapshot,
        fc.oneof(
          notObjectOf(snapshot, {
            state: notObjectOf(snapshot.state, {
              step: notWhole(0),
              numTokens: notWhole(0),
              path: notText,
            }),
          }),
          given(junk).map((best) => ({ ...snapshot, best })),
          given(junk).map((own) => ({ ...snapshot, task: own })),
          junk.map((value) => ({ ...snapshot, task: { values: 1, tensors: { a: value } } })),
          fc
            .constantFrom(NaN, -0, 1n, undefined, new Date(0), () => {})
            .map((value) => ({ ...snapshot, task: { values: { list: [value] } } })),
        ),
      ),
    },
  ),
  loadCheckpoint: entry(training.loadCheckpoint, {
    path: arg(saved, fc.oneof(notPath, fc.constant(v.at('nothing')))),
    parameters: arg(v.trainable.parameters, v.notSet),
    optimizer,
    restore: arg(undefined, given(notFunction)),
  }),
  'new AdamW': entry((...values: Any[]) => new AdamW(...(values as unknown as [Any, Any])), {
    parameters: arg(v.trainable.parameters, v.notSet),
    options: v.some('adamBeta1', 'adamBeta2', 'adamEpsilon', 'weightDecay', 'maxGradNorm'),
  }),
  'AdamW#step': entry((rate: number) => v.optimizer.step(rate), { learningRate: arg(0, notNumber(0)) }),
  'AdamW#load': entry((state: training.AdamWState) => v.optimizer.load(state), {
    state: fields(
      {
        moments: arg(
          { policy: moments },
          fc.oneof(
            notObjectOf(
              { policy: moments },
              { policy: notObjectOf({ ...moments }, { m: notMoment, v: notMoment }) },
            ),
            fc.constant({ policy: moments, head: moments }),
          ),
        ),
        step: arg(0, notWhole(0)),
      },
      notObject,
    ),
  }),
  'new DataOrder': entry((options: training.DataOrderOptions) => new DataOrder(options), {
    options: fields(
      {
        length: arg(4, notWhole(1)),
        batchSize: arg(2, notWhole(1)),
        epochs: arg(1, notNumber(0)),
        maxSteps: arg(0, notWhole(0)),
        seed: arg(0, notWhole(0)),
      },
      notObject,
    ),
  }),
  'DataOrder#batch': entry((step: number) => order.batch(step), {
    step: arg(1, notWhole(1, order.totalSteps)),
  }),
  'DataOrder#row': entry((position: number) => order.row(position), { position: arg(0, notWhole(0)) }),
  'DataOrder#epoch': entry((step: number) => order.epoch(step), { step: arg(1, notWhole(0)) }),
  'RunFolder.open': entry((path: string) => RunFolder.open(path).abandon(), {
    path: arg(v.at('other'), notPlace),
  }),
  'RunFolder.follow': entry((path: string) => RunFolder.follow(path), { path: arg(v.at('other'), notPath) }),
  'RunFolder#writeConfig': entry((yaml: string) => run.writeConfig(yaml), { yaml: arg('a: 1', notText) }),
  'RunFolder#writeEnvironment': entry((facts: Any) => run.writeEnvironment(facts), {
    facts: arg({ a: 1 }, notJson),
  }),
  'RunFolder#writeFingerprints': entry((contents: Any) => run.writeFingerprints(contents), {
    contents: arg({ a: 'b' }, notJson),
  }),
  'RunFolder#writeHubNames': entry((names: Any) => run.writeHubNames(names), {
    names: arg({ a: ['b'] }, fc.oneof(notJson, fc.constantFrom({ a: 'b' }, { a: [] }, { a: [1] }))),
  }),
  'RunFolder#writeData': entry((data: Any) => run.writeData(data), {
    data: arg({ a: [{}] }, fc.oneof(notJson, fc.constantFrom({ a: {} }, { a: [] }, { a: ['b'] }))),
  }),
  'RunFolder#writeSummary': entry((summary: Any) => run.writeSummary(summary), {
    summary: arg({ a: 1 }, notJson),
  }),
  'RunFolder#appendMetrics': entry((of: Any) => run.appendMetrics(of), {
    row: arg(
      row,
      notObjectOf(row, {
        step: notWhole(0),
        epoch: except((x) => typeof x === 'number'),
        metrics: fc.oneof(
          notObject,
          except((x) => typeof x === 'number').map((loss) => ({ loss })),
        ),
      }),
    ),
  }),
  'RunFolder#trimLogs': entry((step: number) => run.trimLogs(step), { step: arg(1, notWhole(0)) }),
  'RunFolder#writeSamples': entry((name: string, rows: object[]) => run.writeSamples(name, rows), {
    name: arg('a', notPath),
    rows: arg([{ a: 1 }], notListOf({ a: 1 }, notJson)),
  }),
  environment: entry(training.environment, {
    device: arg(v.model.device, junk),
    packageVersion: arg('1', notText),
  }),
  train: entry(training.train, {
    task: fields(task, notObject),
    options: fields(
      {
        folder: arg(undefined, given(junk)),
        saveSteps: arg(0, notWhole(0)),
        saveTotalLimit: arg(0, notWhole(0)),
        resume: arg(false, given(notFlag)),
        signal,
        onStart: arg(() => () => {}, given(notFunction)),
        onLog: arg(() => () => {}, given(notFunction)),
        onWarning: arg(() => () => {}, given(notFunction)),
      },
      notObject,
    ),
  }),
  schedule: entry(training.schedule, {
    options: v.some(
      'learningRate',
      'lrSchedulerType',
      'warmupRatio',
      'warmupSteps',
      'minLrRatio',
      'lrNumCycles',
      'lrPower',
    ),
    totalSteps: arg(10, notWhole(0)),
  }),
  saveWeights: entry(training.saveWeights, { model, dir: arg(v.at('weights'), notPlace) }),
  fullTrainable: entry((of: Any) => training.fullTrainable(of), {
    model: arg(() => v.model.clone(), v.notModel),
  }),
};
