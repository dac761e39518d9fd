import { ONE_RANK, type Ranks, type Leaves } from '@selfjudge/engine/internal';
import { atomicFolder } from './atomicFolder.js';
import type { Snapshot } from './checkpoint.js';
import { loadCheckpoint } from './loadCheckpoint.js';
import type { Metrics } from '../metrics/means.js';
import { leavesOf } from '../optimizer/gradientLeaves.js';
import { deviceOf, loadSets, readSets, zeroGrads } from '../optimizer/parameterSets.js';
import type { TaskState } from './taskState.js';
import { phaseMetrics, Profile, type ProfileRow } from '../metrics/profile.js';
import type { MetricsRow } from '../runs/rows.js';
import type {
  RunnerOptions,
  Selection,
  StepContext,
  StepReport,
  TrainingResult,
  TrainingTask,
} from './trainingTask.js';

/**
 * Runs a task from its start or its newest checkpoint to its end. The same task gives the same bits either way. After an
 * error (of the device, of the disk) the checkpoints written so far are there to go on from.
 * @throws FileFormatError when the newest checkpoint is damaged, naming the one before it
 */
export async function train(task: TrainingTask, options: RunnerOptions): Promise<TrainingResult> {
  return new Runner(task, options).run();
}

class Runner {
  private snapshot: Snapshot;
  private last: Metrics = {};
  private savedAt = -1;
  private readonly profile: Profile;
  private readonly ranks: Ranks;
  private readonly leaves: Leaves;
  private loggedAt = performance.now();

  constructor(
    private readonly task: TrainingTask,
    private readonly options: RunnerOptions,
  ) {
    this.snapshot = { state: { step: 0, numTokens: 0, path: this.path } };
    const { parameters } = task.trainable;
    this.profile = new Profile(deviceOf(parameters));
    this.ranks = options.ranks ?? ONE_RANK;
    this.leaves = leavesOf(parameters, options.gradientLeaves ?? 1, this.ranks);
  }

  async run(): Promise<TrainingResult> {
    const { task, options } = this;
    if (options.resume) await this.resume();
    this.recall(options.folder?.trimLogs(this.state.step) ?? []);
    options.onStart?.(this.state.step);
    const { startSignal } = task.selection ?? {};
    if (startSignal !== undefined && this.state.selection === undefined) await this.chooseStart(startSignal);
    try {
      while (this.state.step < task.order.totalSteps && !this.state.selection?.stopped) {
        if (this.isStopped()) return await this.interrupted();
        await this.step(this.state.step + 1);
      }
    } catch (error) {
      // Another error, even after an abort, may have left half an update behind.
      if (!options.signal?.aborted || error !== options.signal.reason) throw error;
      return this.interrupted();
    }
    return this.finish();
  }

  private async step(step: number): Promise<void> {
    const { task, options, profile } = this;
    await profile.lap('other');
    const { ranks, leaves } = this;
    // A rank that left a step would leave the others waiting in it.
    const signal = ranks.size > 1 ? undefined : options.signal;
    const at = { step, learningRate: task.schedule(step), signal, leaves, profile };
    const report = await task.step(at);
    await profile.lap('other');
    // From here to the end of the step nothing looks at the signal: the step is whole.
    this.snapshot.state = { ...this.state, step, numTokens: this.state.numTokens + report.tokens };
    const metrics = { ...report.metrics, learning_rate: at.learningRate, num_tokens: this.state.numTokens };
    if (report.skipped) this.reportBadBatch(step, report);
    const { selection } = task;
    if (selection !== undefined && (step % selection.every === 0 || step === task.order.totalSteps))
      Object.assign(metrics, await this.select(selection, { ...at, signal: undefined }));
    await profile.lap('other');
    Object.assign(metrics, this.measured());
    this.log({ step, epoch: task.order.epoch(step), metrics });
    if (options.saveSteps > 0 && step % options.saveSteps === 0) await this.save();
  }

  /** Whether any rank was told to stop: looked at where all are between two steps. */
  private isStopped(): boolean {
    const stopped = this.ranks.gather(this.options.signal?.aborted === true).includes(true);
    if (stopped) this.ranks.endTogether();
    return stopped;
  }

  private log(row: MetricsRow): void {
    this.last = row.metrics;
    this.options.folder?.appendMetrics(row);
    this.options.onLog?.(row);
    const warning = this.task.review?.(row);
    if (warning !== undefined) this.options.onWarning?.(warning);
  }

  /** The phases since the last row, with the wall time they add up to; a checkpoint counts to the row after it. */
  private measured(): Metrics {
    const now = performance.now();
    const seconds = (now - this.loggedAt) / 1000;
    this.loggedAt = now;
    return { step_time: seconds, ...phaseMetrics(this.writeProfile()) };
  }

  private writeProfile(): ProfileRow {
    const row = { step: this.state.step, ...this.profile.take() };
    this.options.folder?.appendProfile(row);
    return row;
  }

  private reportBadBatch(step: number, { examples, metrics }: StepReport): void {
    this.options.folder?.writeSamples(`bad-step-${step}`, [
      { reason: 'gradient is not finite', examples, metrics },
    ]);
    this.options.onWarning?.(
      `step ${step} skipped: the gradient is not finite (norm ${metrics.grad_norm}); examples ${examples.join(', ')}`,
    );
  }

  private async select(selection: Selection, at: StepContext): Promise<Metrics> {
    const { metrics, rows, signal, eligible, stop } = await selection.evaluate(at);
    if (rows !== undefined) this.options.folder?.writeSamples(`eval-step-${at.step}`, rows);
    await this.profile.lap('eval');
    if (signal === undefined) return metrics;
    const before = this.state.selection;
    const better = eligible && signal > (before?.bestSignal ?? -Infinity);
    if (better) this.snapshot.best = await readSets(this.task.trainable.parameters);
    if (better) this.state.selection = { bestStep: at.step, bestSignal: signal, stopped: stop };
    else if (before !== undefined) this.state.selection = { ...before, stopped: stop };
    return metrics;
  }

  private async chooseStart(bestSignal: number): Promise<void> {
    this.state.selection = { bestStep: 0, bestSignal, stopped: false };
    this.snapshot.best = await readSets(this.task.trainable.parameters);
  }

  private async resume(): Promise<void> {
    const { folder, onWarning } = this.options;
    const newest = folder?.checkpoints.newest();
    if (newest === undefined) return;
    const { trainable, optimizer } = this.task;
    const restore = this.task.restore && ((state: TaskState) => this.task.restore?.(state));
    this.snapshot = loadCheckpoint(newest, trainable.parameters, optimizer, restore);
    this.savedAt = this.state.step;
    await this.profile.lap('checkpoint');
    if (this.state.path !== this.path)
      onWarning?.(
        `resumed on kernel path ${this.path}; the run began on ${this.state.path}: results will differ in bits`,
      );
  }

  /** Takes up what was logged before the checkpoint; what reviewing it warns of was said then. */
  private recall(rows: MetricsRow[]): void {
    for (const row of rows) this.task.review?.(row);
    this.last = rows.at(-1)?.metrics ?? {};
    const { step } = this.state;
    if (this.options.folder !== undefined && rows.length < step)
      this.options.onWarning?.(
        `metrics.jsonl has ${rows.length} of the ${step} steps before the checkpoint; the others are lost`,
      );
  }

  private async save(): Promise<string | undefined> {
    const { folder, saveTotalLimit } = this.options;
    if (folder === undefined) return undefined;
    const { step } = this.state;
    if (this.savedAt === step) return folder.checkpoints.at(step);
    this.savedAt = step;
    await this.profile.lap('other');
    if (this.leads) {
      // What lies before a checkpoint is never computed again: it has to outlast what the checkpoint outlasts.
      folder.syncLogs();
      const task = await this.task.state?.();
      const snapshot = { ...this.snapshot, task };
      await folder.checkpoints.write(this.task.trainable, this.task.optimizer, snapshot);
      folder.checkpoints.rotate(saveTotalLimit);
    } else if (this.task.trainable.momentsOver !== undefined) await this.task.optimizer.state();
    await this.profile.lap('checkpoint');
    return folder.checkpoints.at(step);
  }

  private async interrupted(): Promise<TrainingResult> {
    zeroGrads(this.task.trainable.parameters);
    const { step, numTokens } = this.state;
    const checkpoint = await this.save();
    this.writeProfile();
    this.options.folder?.syncLogs();
    this.written();
    return { status: 'interrupted', step, numTokens, checkpoint };
  }

  private async finish(): Promise<TrainingResult> {
    const { trainable } = this.task;
    const { folder } = this.options;
    this.task.conclude?.();
    await this.save();
    const { step, numTokens, selection } = this.state;
    if (this.snapshot.best !== undefined && selection !== undefined && selection.bestStep !== step)
      loadSets(trainable.parameters, this.snapshot.best);
    if (folder !== undefined && this.leads) await atomicFolder(folder.final, (dir) => trainable.save(dir));
    await this.profile.lap('checkpoint');
    this.writeProfile();
    folder?.syncLogs();
    this.written();
    return {
      status: 'completed',
      step,
      bestStep: selection?.bestStep ?? step,
      ...(selection && this.task.selection?.chosenBy && { chosenBy: this.task.selection.chosenBy }),
      numTokens,
      last: this.last,
      final: folder?.final,
    };
  }

  /** What rank 0 wrote is there for all of them. */
  private written(): void {
    this.ranks.gather(null);
  }

  /** Whether this process writes. */
  private get leads(): boolean {
    return this.ranks.rank === 0;
  }

  private get state() {
    return this.snapshot.state;
  }

  private get path(): string {
    return deviceOf(this.task.trainable.parameters).path;
  }
}
