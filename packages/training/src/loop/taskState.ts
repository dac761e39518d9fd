import { ArgumentError } from '@selfjudge/base';
import { object, type Check } from '@selfjudge/base/checks';
import type { Json } from '../runs/jsonFields.js';

/** What a task keeps besides parameters and moments: a moving coefficient, running statistics, a moving reference. */
export interface TaskState {
  /** Anything JSON holds; numbers are finite. */
  values: Json;
  /** At least one value each, all finite. */
  tensors?: Record<string, Float32Array>;
}

/** What a task is asked for its state by, where it has one. */
export interface Kept {
  state?(): Promise<TaskState> | TaskState;
  restore?(state: TaskState): void;
}

/** The state of two parts of a task, of which the first has values alone; that of one where the other has none. */
export function bothKept(first: Kept, second: Kept): Kept {
  const [own, other] = [first, second];
  if (own.state === undefined) return other;
  if (other.state === undefined) return own;
  return {
    state: async () => {
      const { values, tensors } = await other.state!();
      return { values: { first: (await own.state!()).values, second: values }, tensors };
    },
    restore: ({ values, tensors }) => {
      const { first: ofOwn = null, second: ofOther = null } = (values ?? {}) as Record<string, Json>;
      own.restore!({ values: ofOwn });
      other.restore!({ values: ofOther, tensors });
    },
  };
}

/** A state that a file gives back as it was. */
export const isTaskState: Check = (value, what, where) => {
  object({})(value, what, where);
  const { values, tensors = {} } = value as TaskState;
  isJson(values, `${what}.values`, where);
  object({})(tensors, `${what}.tensors`, where);
  for (const [name, data] of Object.entries(tensors)) isFinite(data, `${what}.tensors.${name}`, where);
};

/** What JSON gives back as it is: no NaN, no -0, nothing that it leaves out. */
const isJson: Check = (value, what, where) => {
  const wrong = (expected: string) => new ArgumentError(what, { where, expected, received: value });
  if (value === null || ['boolean', 'string'].includes(typeof value)) return;
  if (typeof value === 'number') {
    if (Number.isFinite(value) && !Object.is(value, -0)) return;
    throw wrong('a finite number that JSON keeps');
  }
  if (Array.isArray(value)) return value.forEach((one, i) => isJson(one, `${what}[${i}]`, where));
  if (typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype)
    throw wrong('what JSON holds');
  for (const [key, one] of Object.entries(value)) isJson(one, `${what}.${key}`, where);
};

const isFinite: Check = (data, what, where) => {
  if (!(data instanceof Float32Array) || data.length === 0)
    throw new ArgumentError(what, { where, expected: 'a Float32Array of some values', received: data });
  const at = data.findIndex((x) => !Number.isFinite(x));
  if (at < 0) return;
  throw new ArgumentError(`${what}[${at}]`, { where, expected: 'a finite value', received: data[at] });
};
