import { join } from 'node:path';
import { FileFormatError, readJsonObject } from '@selfjudge/base';
import type { AdamW, Moments } from '../optimizer/adamw.js';
import { loadSets, type NamedValues, type ParameterSets } from '../optimizer/parameterSets.js';
import {
  COUNT,
  fieldReader,
  JSON_VALUE,
  NUMBER,
  OBJECT,
  SWITCH,
  TEXT,
  type FieldReader,
  type Fields,
} from '../runs/jsonFields.js';
import { otherFormat } from './atomicFolder.js';
import type { SelectionState, Snapshot, TrainerState } from './checkpoint.js';
import { FORMAT, nameIn, STATE, StateFile, TASK, TENSORS } from './stateFiles.js';
import type { Json } from '../runs/jsonFields.js';
import type { TaskState } from './taskState.js';

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

interface ReadState {
  state: TrainerState;
  updates: number;
  task?: Json;
}

/** trainer_state.json, every field of it. @throws FileFormatError for one that is missing, wrong or unknown */
function readState(path: string): ReadState {
  const content = readJsonObject(path);
  const read = fieldReader(path);
  const format = read({ format: FORMAT, ...content }, 'format', COUNT);
  if (format !== FORMAT)
    throw new FileFormatError(otherFormat(path, `a checkpoint of format ${FORMAT}`, format));
  const other = Object.keys(content).find((key) => !FIELDS.has(key));
  if (other !== undefined)
    throw new FileFormatError({ path, expected: `no '${other}'`, received: content[other] });
  const { selection, task } = content;
  return {
    state: {
      step: read(content, 'step', COUNT),
      numTokens: read(content, 'numTokens', COUNT),
      path: read(content, 'path', KERNEL_PATH),
      ...(selection !== undefined && { selection: selectionOf(read, read(content, 'selection', OBJECT)) }),
    },
    updates: read(content, 'updates', COUNT),
    ...(task !== undefined && { task: read(content, 'task', JSON_VALUE) }),
  };
}

const FIELDS = new Set(['format', 'step', 'numTokens', 'path', 'selection', 'updates', 'task']);
const KERNEL_PATH = { ...TEXT, expected: 'the name of a kernel path' };

const selectionOf = (read: FieldReader, seen: Fields): SelectionState => ({
  bestStep: read(seen, 'bestStep', COUNT),
  bestSignal: read(seen, 'bestSignal', NUMBER),
  stopped: read(seen, 'stopped', SWITCH),
});
