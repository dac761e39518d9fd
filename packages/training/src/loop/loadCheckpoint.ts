import { join } from 'node:path';
import { FileFormatError, readJsonObject } from '@selfjudge/base';
import type { AdamW, Moments } from '../optimizer/adamw.js';
import { loadSets, type NamedValues, type ParameterSets } from '../optimizer/parameterSets.js';
import { otherFormat } from './atomicFolder.js';
import type { Snapshot, TrainerState } from './checkpoint.js';
import { FORMAT, nameIn, STATE, StateFile, TASK, TENSORS } from './stateFiles.js';
import type { Json, TaskState } from './taskState.js';

/**
 * Puts parameters, optimizer and what the task keeps of its own back where the checkpoint was written.
 *
 * @param restore takes up the task's own state; absent for a task that has none
 * @throws FileFormatError when a file is not what it should be, is of another format or of a run that trains other sets;
 *   then all are as they were
 */
export function loadCheckpoint(
  path: string,
  parameters: ParameterSets,
  optimizer: AdamW,
  restore?: (state: TaskState) => void,
): Snapshot {
  const { state, updates, task: values } = readState(join(path, STATE));
  if ((values === undefined) !== (restore === undefined))
    throw new FileFormatError({
      path: join(path, STATE),
      expected:
        restore === undefined ? "no 'task', as this method keeps no state" : "'task', the method's own state",
      received: restore === undefined ? 'one' : 'none',
    });
  const file = new StateFile(join(path, TENSORS));
  const value: NamedValues = {};
  const best: NamedValues = {};
  const moments: Record<string, Moments> = {};
  const chosen = Object.keys(parameters).some((set) => file.has(nameIn(set, 'best')));
  for (const [set, { size }] of Object.entries(parameters)) {
    value[set] = file.take(nameIn(set, 'value'), size);
    moments[set] = { m: file.take(nameIn(set, 'm'), size), v: file.take(nameIn(set, 'v'), size) };
    if (chosen) best[set] = file.take(nameIn(set, 'best'), size);
  }
  const task = values === undefined ? undefined : { values, tensors: file.takeAll(TASK) };
  file.assertNoMore();
  if (task !== undefined) restore?.(task);
  loadSets(parameters, value);
  optimizer.load({ moments, step: updates });
  return { state, ...(chosen && { best }), ...(task && { task }) };
}

function readState(path: string): { state: TrainerState; updates: number; task?: Json } {
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
  const { updates, task, ...known } = rest;
  return {
    state: known as unknown as TrainerState,
    updates: updates as number,
    ...(task !== undefined && { task: task as Json }),
  };
}
