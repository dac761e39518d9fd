import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FileFormatError, Safetensors, writeSafetensors, type ParameterSet } from '@selfjudge/core';
import { atomicFolder, folderFault } from './atomicFolder.js';
import type { AdamW } from './optimizer.js';
import type { Trainable } from './trainable.js';

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

const STATE = 'trainer_state.json';
const TENSORS = 'training_state.safetensors';

/**
 * The checkpoints of a run, checkpoints/step-N: the policy as it is saved elsewhere, trainer_state.json, and float32
 * parameters and moments in training_state.safetensors, so that resuming gives the same bits.
 */
export class Checkpoints {
  constructor(readonly path: string) {}

  /** Steps with a checkpoint, ascending. Whether they are whole is another question: see `newestValid`. */
  steps(): number[] {
    if (!existsSync(this.path)) return [];
    return readdirSync(this.path)
      .flatMap((name) => /^step-(\d+)$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  }

  at(step: number): string {
    return join(this.path, `step-${step}`);
  }

  async write(trainable: Trainable, optimizer: AdamW, { state, best }: Snapshot): Promise<string> {
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
      writeFileSync(join(dir, STATE), `${JSON.stringify({ ...state, updates }, null, 2)}\n`);
    });
    return path;
  }

  /** The newest checkpoint whose files are what its manifest says. Each newer one that is not is reported. */
  newestValid(onInvalid: (path: string, reason: string) => void): string | undefined {
    for (const step of this.steps().reverse()) {
      const fault = folderFault(this.at(step));
      if (fault === undefined) return this.at(step);
      onInvalid(this.at(step), fault);
    }
    return undefined;
  }

  /** Removes the oldest beyond `keep`; 0 keeps all. */
  rotate(keep: number): void {
    if (keep === 0) return;
    for (const step of this.steps().slice(0, -keep)) rmSync(this.at(step), { recursive: true, force: true });
  }
}

/** Puts parameters and optimizer back where the checkpoint was written. */
export function loadCheckpoint(path: string, parameters: ParameterSet, optimizer: AdamW): Snapshot {
  const { updates, ...state } = JSON.parse(readFileSync(join(path, STATE), 'utf8')) as TrainerState & {
    updates: number;
  };
  const file = Safetensors.open(join(path, TENSORS));
  const read = (name: string): Float32Array => {
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
