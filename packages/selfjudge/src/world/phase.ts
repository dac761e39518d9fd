import { join } from 'node:path';
import type { Model } from '@selfjudge/engine';
import { RunFolder, type MetricsRow, type TrainingTask } from '@selfjudge/training';
import { summaryFields, train } from '@selfjudge/training/internal';
import { COUNT, NUMBER, readMetrics } from '@selfjudge/training/runs/internal';
import { stringify } from 'yaml';
import { mapKeys, snakeCase } from '../config/naming.js';

export interface PhaseHooks {
  /** @param loaded it was complete before and is not trained again */
  onPhase(name: string, loaded: boolean): void;
  /** Before the first step. @param step steps done already, above 0 when a phase goes on */
  onStart?(phase: string, step: number, totalSteps: number): void;
  onLog?(phase: string, row: MetricsRow, totalSteps: number): void;
  onWarning?(message: string): void;
  signal?: AbortSignal;
}

/** What the judge said of the policy on dev prompts after a step. */
export interface SignalPoint {
  step: number;
  winRate: number;
  /** Nats a sequence. */
  kl: number;
}

/** The model a phase ended with, and where its run lies. */
export interface Trained<M = Model> {
  model: M;
  folder: string;
  /** The step whose weights were kept: the last, or the best by the phase's signal. */
  step: number;
  /** Wall time of the process that finished it. */
  seconds: number;
  /** Empty where the phase is not chosen by the judge. */
  curve: SignalPoint[];
}

export interface Phase<M = Model> {
  name: string;
  /** Where it has its run folder. */
  parent: string;
  /** Written to its config.yaml. */
  settings: object;
  /** Called when there is something to train. */
  build(): Promise<{ model: M; task: TrainingTask }>;
  /** Opens what a complete one ended with. */
  load(folder: string): Promise<M>;
}

/** Steps between checkpoints, for the case that the process dies; Ctrl-C writes one of its own. */
const SAVE_STEPS = 100;

/**
 * Trains one phase in a run folder of its own, goes on with it from its newest checkpoint or, when it is complete, loads
 * its model. The bits are the same each way.
 * @throws the reason of `hooks.signal` once it is aborted; a checkpoint is written before
 */
export async function runPhase<M extends { dispose(): void }>(
  { name, parent, settings, build, load }: Phase<M>,
  hooks: PhaseHooks,
): Promise<Trained<M>> {
  hooks.signal?.throwIfAborted();
  const folder = RunFolder.open(join(parent, name));
  try {
    const done = folder.readSummary();
    hooks.onPhase(name, done !== undefined);
    if (done !== undefined) {
      const end = ended(folder, done);
      return { model: await load(folder.final), folder: folder.path, ...end, curve: curveOf(folder.path) };
    }
    const start = performance.now();
    const { model, task } = await build();
    folder.writeConfig(stringify({ verb: name, ...mapKeys(settings, snakeCase) }));
    const { totalSteps } = task.order;
    const result = await train(task, {
      folder,
      saveSteps: SAVE_STEPS,
      saveTotalLimit: 1,
      resume: true,
      signal: hooks.signal,
      onStart: (step) => hooks.onStart?.(name, step, totalSteps),
      onLog: (row) => hooks.onLog?.(name, row, totalSteps),
      onWarning: hooks.onWarning,
    }).finally(() => task.optimizer.dispose());
    if (result.status === 'interrupted') {
      model.dispose();
      throw hooks.signal!.reason;
    }
    const seconds = (performance.now() - start) / 1000;
    folder.writeSummary({ verb: name, ...result, seconds });
    return { model, folder: folder.path, step: result.bestStep, seconds, curve: curveOf(folder.path) };
  } finally {
    folder.close();
  }
}

function ended(folder: RunFolder, summary: Record<string, unknown>): Pick<Trained, 'step' | 'seconds'> {
  const read = summaryFields(folder);
  return { step: read(summary, 'bestStep', COUNT), seconds: read(summary, 'seconds', NUMBER) };
}

function curveOf(path: string): SignalPoint[] {
  return readMetrics(path).rows.flatMap(({ step, metrics }) => {
    const { 'eval/judge_win_rate': winRate, 'eval/kl': kl } = metrics;
    return winRate === undefined ? [] : [{ step, winRate, kl }];
  });
}
