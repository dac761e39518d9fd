import { writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { FileFormatError } from '@selfjudge/base';
import { writeJson } from '@selfjudge/base/internal';
import { Device, Model } from '@selfjudge/engine';
import { modelToMerge, type ModelToMerge } from '@selfjudge/engine/internal';
import { checkVocabulary, turnProblem } from '@selfjudge/text/internal';
import { atomicFolder, removeAbandoned } from '@selfjudge/training/internal';
import { VERSION } from '../version.js';
import type { Tokenizer } from '@selfjudge/text';
import { baseFacts } from './baseFacts.js';
import { figuresIn } from './card/measured.js';
import { modelCard, type CardFacts } from './card/modelCard.js';
import { evaluationOf, stagesOf } from './card/stages.js';
import { rootOf } from './foldersOf.js';
import { adapterWriter } from './adapterWriter.js';
import { folderWriter } from './folderWriter.js';
import { planOf, type MergeOptions, type MergePlan } from './options.js';
import { assertPlace, assertRoom, RECORD } from './outputFolder.js';
import { ask, differenceOf, type Difference, type Said } from './readBack.js';
import type { MergeResult } from './result.js';
import { ggufWriter } from './ggufWriter.js';
import type { Writer, Written } from './writer.js';

export type { MergeResult };

export interface MergeHooks {
  /** A part of the work begins, which counts its progress in `unit`. */
  onPhase?(name: string, unit: 'tensors' | 'bytes'): void;
  onProgress?(done: number, total: number): void;
  onWarning?(message: string): void;
  /** Ends the work at the next tensor; the call rejects with the signal's reason and leaves nothing. */
  signal?: AbortSignal;
}

/**
 * Writes what a path for a model means, with its adapter added to the weights, into a new folder that is there whole or
 * not at all. What was written is read again before: all weights must be those that were meant, and what the model says
 * of three texts what it said before, up to the rounding of the weights.
 *
 * @throws ConfigError for options that do not go together, a folder that holds something else and a disk without room;
 *   FileFormatError for files that are not what they say, and for a result that is not what was merged
 */
export async function mergeModel(
  path: string,
  outputDir: string,
  options: MergeOptions = {},
  hooks: MergeHooks = {},
): Promise<MergeResult> {
  const plan = planOf(options);
  const { adapter, overwriteOutputDir = false } = options;
  const warn = hooks.onWarning ?? Model.onWarning ?? (() => {});
  const model = await modelToMerge(path, { adapter, onWarning: warn });
  const read = [path, adapter, model.path, model.base.path, model.adapter?.folder];
  assertPlace(
    outputDir,
    overwriteOutputDir,
    read.filter((one) => one !== undefined),
  );
  const tokenizer = await model.source.tokenizer();
  if (tokenizer !== undefined) {
    checkVocabulary(tokenizer, model.source.config.vocabSize);
    const problem = turnProblem(tokenizer);
    if (problem !== undefined) warn(`an answer ends only at the limit of its length: ${problem}`);
  }
  const device = Device.open(options.device);
  const name = basename(resolve(outputDir));
  const writer = writerOf(plan, model, tokenizer, { name, device });
  assertRoom(outputDir, writer.bytes);
  removeAbandoned(outputDir);
  const { onPhase, onProgress, signal } = hooks;
  const progress = (done: number, total: number) => {
    signal?.throwIfAborted();
    onProgress?.(done, total);
  };
  const asked = {
    device,
    dtype: writer.computedIn,
    rewards: model.reward !== undefined,
    onProgress: progress,
  };
  onPhase?.('reading what is merged', 'tensors');
  const before = await ask(path, { ...asked, adapter });
  let result: MergeResult | undefined;
  await atomicFolder(outputDir, async (temporary) => {
    onPhase?.(`writing ${outputDir}`, 'bytes');
    const written = await writer.write(temporary, progress);
    onPhase?.('reading it again', 'tensors');
    const opened = join(temporary, written.opens);
    const after =
      written.base === undefined
        ? await ask(opened, { ...asked, about: before.ids })
        : await ask(written.base, { ...asked, about: before.ids, ggufAdapter: opened });
    const difference = checked(before, after, written, writer, outputDir);
    result = {
      outputDir,
      files: written.files,
      bytes: writer.bytes,
      stored: writer.stored,
      fingerprint: written.fingerprint,
      difference: {
        of: model.reward === undefined ? 'log-probabilities' : 'rewards',
        computedIn: writer.computedIn,
        ...difference,
      },
      notes: [...aboutBase(model), ...written.notes],
      next: written.next?.(outputDir) ?? [],
    };
    signal?.throwIfAborted();
    const { outputDir: _, next: __, ...facts } = result;
    await writeJson(join(temporary, RECORD), { selfjudge: VERSION, ...facts });
    writeFileSync(join(temporary, 'README.md'), cardOf(model, plan, name, facts));
  });
  return result!;
}

function writerOf(
  plan: MergePlan,
  model: ModelToMerge,
  tokenizer: Tokenizer | undefined,
  { name, device }: { name: string; device: Device },
): Writer {
  if (plan.format === 'safetensors') return folderWriter(model, tokenizer, plan, device);
  if ('adapterOnly' in plan) return adapterWriter(model, tokenizer, plan, name);
  return ggufWriter(model, tokenizer, plan, { name, device });
}

/** @throws FileFormatError where what was written is not what was merged */
function checked(
  before: Said,
  after: Said,
  { fingerprint, plainIds }: Written,
  { bound, stored }: Writer,
  path: string,
): Difference {
  if (after.fingerprint !== fingerprint)
    throw new FileFormatError({
      path,
      expected: `weights of fingerprint ${fingerprint}, as they were written`,
      received: `${after.fingerprint} when they were read again: the disk is at fault, or a defect of this program`,
    });
  const difference = differenceOf(before, after, path, plainIds);
  if (difference.mean <= bound) return difference;
  throw new FileFormatError({
    path,
    expected: `what was merged, within ${bound} on average for weights in ${stored}`,
    received: `log-probabilities that are ${difference.mean.toPrecision(3)} apart on average`,
  });
}

function cardOf(model: ModelToMerge, plan: MergePlan, name: string, result: CardFacts['result']): string {
  const weights = model.adapter?.folder ?? model.path;
  const [stages, file] = [stagesOf(weights), evaluationOf(weights)];
  const trained = stages.length > 0 || model.adapter !== undefined;
  return modelCard({
    name,
    base: baseFacts(rootOf(model)),
    relation:
      'adapterOnly' in plan ? 'adapter' : trained || plan.format !== 'gguf' ? 'finetune' : 'quantized',
    format: plan.format,
    rewards: model.reward !== undefined,
    merged: model.adapter !== undefined,
    stages,
    figures: file === undefined ? [] : figuresIn(file),
    result,
    version: VERSION,
  });
}

function aboutBase({ source: { packed, stored }, base }: ModelToMerge): string[] {
  if (packed === undefined) return [];
  return [
    `${base.path} is stored in ${packed}: its weights are merged as the values that stands for (${stored}), which are not those of the model it was made of`,
  ];
}
