import { join } from 'node:path';
import { FileFormatError, shellWord } from '@selfjudge/base';
import { checkpointName, checkpointSteps, writeJson } from '@selfjudge/base/internal';
import { writeSafetensors } from '@selfjudge/engine/internal';
import { atomicFolder, folderFault, removeFolder, type FolderFault } from './atomicFolder.js';
import { check, object, optional, path as isPath, text, whole } from '@selfjudge/base/checks';
import { isOptimizer, isTrainable } from '../checks.js';
import type { AdamW } from '../optimizer/adamw.js';
import { readSets, valuesOf, type NamedValues } from '../optimizer/parameterSets.js';
import { isTaskState, type TaskState } from './taskState.js';
import { FORMAT, nameIn, STATE, TASK, TENSORS } from './stateFiles.js';
import type { Trainable } from '../optimizer/trainable.js';

/** Where a run is, besides its tensors. Data order and randomness are functions of `step`. */
export interface TrainerState {
  /** Steps done. */
  step: number;
  /** Tokens trained on so far. */
  numTokens: number;
  /** The kernel path the run's bits belong to. */
  path: string;
  /** What choosing the best policy has seen so far. */
  selection?: SelectionState;
}

export interface SelectionState {
  bestStep: number;
  bestSignal: number;
  /** Training ended on the signal's word. */
  stopped: boolean;
}

/** What a checkpoint holds, on the host. */
export interface Snapshot {
  state: TrainerState;
  /** The float32 parameters of the best policy so far, by the name of their set, when one is chosen by a signal. */
  best?: NamedValues;
  /** What the task keeps of its own. */
  task?: TaskState;
}

const writeArguments = {
  trainable: isTrainable,
  optimizer: isOptimizer,
  snapshot: object({
    state: object({ step: whole(0), numTokens: whole(0), path: text }),
    task: optional(isTaskState),
  }),
};

/**
 * The checkpoints of a run, checkpoints/step-N: the policy as it is saved elsewhere, trainer_state.json, and float32
 * parameters and moments in training_state.safetensors, so that resuming gives the same bits.
 */
export class Checkpoints {
  constructor(readonly path: string) {
    check('Checkpoints', { path }, { path: isPath });
  }

  /** Steps with a checkpoint, ascending. Whether their bytes are still right is another question: see `newest`. */
  steps(): number[] {
    return checkpointSteps(this.path);
  }

  at(step: number): string {
    check('Checkpoints.at', { step }, { step: whole(0) });
    return join(this.path, checkpointName(step));
  }

  async write(trainable: Trainable, optimizer: AdamW, snapshot: Snapshot): Promise<string> {
    check('Checkpoints.write', { trainable, optimizer, snapshot }, writeArguments);
    const { state, best, task } = snapshot;
    check('Checkpoints.write', { best }, { best: optional(valuesOf(trainable.parameters)) });
    const path = this.at(state.step);
    await atomicFolder(path, async (dir) => {
      await trainable.save(dir);
      const { moments, step: updates } = await optimizer.state();
      const tensors = new Map<string, Float32Array>();
      for (const [set, value] of Object.entries(await readSets(trainable.parameters))) {
        tensors.set(nameIn(set, 'value'), value);
        tensors.set(nameIn(set, 'm'), moments[set].m);
        tensors.set(nameIn(set, 'v'), moments[set].v);
      }
      for (const [set, data] of Object.entries(best ?? {})) tensors.set(nameIn(set, 'best'), data);
      for (const [name, data] of Object.entries(task?.tensors ?? {})) tensors.set(TASK + name, data);
      await writeSafetensors(
        join(dir, TENSORS),
        [...tensors].map(([name, data]) => ({
          name,
          dtype: 'F32' as const,
          shape: [data.length],
          values: () => data,
        })),
      );
      await writeJson(join(dir, STATE), {
        format: FORMAT,
        ...state,
        updates,
        ...(task && { task: task.values }),
      });
    });
    return path;
  }

  /**
   * The newest checkpoint, when every file of it is what its manifest says; undefined when there is none.
   * @throws FileFormatError when it is damaged: what is wrong, and how to go on from the newest one that is not; or when
   *   it is of a format that this version does not read
   */
  newest(): string | undefined {
    const steps = this.steps().reverse();
    if (steps.length === 0) return undefined;
    const fault = damage(this.at(steps[0]));
    if (fault === undefined) return this.at(steps[0]);
    const whole = steps.findIndex((step, i) => i > 0 && damage(this.at(step)) === undefined);
    const damaged = (whole === -1 ? steps : steps.slice(0, whole)).map((step) => this.at(step));
    const onward = whole === -1 ? 'begins again from step 1' : `goes on from ${this.at(steps[whole])}`;
    throw new FileFormatError({
      ...fault,
      advice: `the checkpoint is damaged; after rm -r ${damaged.map(shellWord).join(' ')} the same command ${onward}`,
    });
  }

  /** Removes the oldest beyond `keep`; 0 keeps all. */
  rotate(keep: number): void {
    check('Checkpoints.rotate', { keep }, { keep: whole(0) });
    if (keep === 0) return;
    for (const step of this.steps().slice(0, -keep)) removeFolder(this.at(step));
  }
}

/** What is damaged. @throws FileFormatError for a format of another version, which is not to be removed */
function damage(path: string): FolderFault | undefined {
  const fault = folderFault(path);
  if (fault?.advice !== undefined) throw new FileFormatError(fault);
  return fault;
}
