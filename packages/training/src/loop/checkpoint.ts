import { join } from 'node:path';
import { FileFormatError, readJsonObject, shellWord } from '@selfjudge/base';
import { checkpointName, checkpointSteps, writeJson } from '@selfjudge/base/internal';
import { Safetensors, type ParameterSet } from '@selfjudge/engine';
import { writeSafetensors } from '@selfjudge/engine/internal';
import { atomicFolder, folderFault, otherFormat, removeFolder, type FolderFault } from './atomicFolder.js';
import { check, float32s, object, optional, path as isPath, text, whole } from '@selfjudge/base/checks';
import { isOptimizer, isTrainable } from '../checks.js';
import type { AdamW } from '../optimizer/adamw.js';
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
  /** The float32 parameters of the best policy so far, when one is chosen by a signal. */
  best?: Float32Array;
}

const writeArguments = {
  trainable: isTrainable,
  optimizer: isOptimizer,
  snapshot: object({
    state: object({ step: whole(0), numTokens: whole(0), path: text }),
    best: optional(float32s),
  }),
};

/**
 * What trainer_state.json and training_state.safetensors hold and mean. Another one needs a decision in docs/decisions. A
 * trainer_state.json without one is of format 1.
 */
const FORMAT = 1;
const STATE = 'trainer_state.json';
const TENSORS = 'training_state.safetensors';

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
    const { state, best } = snapshot;
    const path = this.at(state.step);
    await atomicFolder(path, async (dir) => {
      await trainable.save(dir);
      const { m, v, step: updates } = await optimizer.state();
      const tensors = { value: await trainable.parameters.read(), m, v, ...(best && { best }) };
      await writeSafetensors(
        join(dir, TENSORS),
        Object.entries(tensors).map(([name, data]) => ({
          name,
          dtype: 'F32' as const,
          shape: [data.length],
          values: () => data,
        })),
      );
      await writeJson(join(dir, STATE), { format: FORMAT, ...state, updates });
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

function readState(path: string): TrainerState & { updates: number } {
  const state = readJsonObject(path);
  const expectField = (
    holder: Record<string, unknown>,
    key: string,
    expected: string,
    fits: (value: unknown) => boolean,
  ) => {
    if (!fits(holder[key]))
      throw new FileFormatError({ path, expected: `${key} ${expected}`, received: holder[key] });
  };
  const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
  const { format = FORMAT, ...rest } = state;
  expectField({ format }, 'format', 'a whole number', isCount);
  if (format !== FORMAT)
    throw new FileFormatError(otherFormat(path, `a checkpoint of format ${FORMAT}`, format as number));
  for (const key of ['step', 'numTokens', 'updates']) expectField(state, key, 'a whole number', isCount);
  expectField(state, 'path', 'the name of a kernel path', (value) => typeof value === 'string');
  const { selection } = state;
  if (selection !== undefined) {
    expectField(state, 'selection', 'an object', (value) => typeof value === 'object' && value !== null);
    const seen = selection as Record<string, unknown>;
    expectField(seen, 'bestStep', 'a whole number', isCount);
    expectField(seen, 'bestSignal', 'a number', (value) => typeof value === 'number');
    expectField(seen, 'stopped', 'true or false', (value) => typeof value === 'boolean');
  }
  return rest as unknown as TrainerState & { updates: number };
}

/**
 * Puts parameters and optimizer back where the checkpoint was written.
 * @throws FileFormatError when a file is not what it should be, or of another format; then both are as they were
 */
export function loadCheckpoint(path: string, parameters: ParameterSet, optimizer: AdamW): Snapshot {
  const { updates, ...state } = readState(join(path, STATE));
  const file = Safetensors.open(join(path, TENSORS));
  const read = (name: string): Float32Array => {
    if (!file.tensors.has(name))
      throw new FileFormatError({ path: file.path, expected: `a tensor '${name}'`, received: 'none' });
    const { data } = file.read(name);
    if (data.length !== parameters.size || !(data instanceof Float32Array))
      throw new FileFormatError({
        path: file.path,
        expected: `'${name}' of ${parameters.size} float32 values, as many as are trained`,
        received: `${data.length} values`,
      });
    return data;
  };
  const [value, m, v] = [read('value'), read('m'), read('v')];
  const best = file.tensors.has('best') ? read('best') : undefined;
  parameters.load(value);
  optimizer.load({ m, v, step: updates });
  return { state, best };
}
