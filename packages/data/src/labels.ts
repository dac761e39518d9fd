import type { Outcome } from './problem.js';
import { problem } from './problem.js';

export type Labels = Record<string, 'chosen' | 'rejected'>;
export type Rationale = string | { chosen: string; rejected: string };
export type Rationales = Record<string, Rationale>;

/** The labels by principle: `labels: { honesty: 'chosen', truthfulness: 'rejected' }`. */
export function readLabels(value: unknown): Outcome<Labels | undefined> {
  if (value === undefined || value === null) return { value: undefined };
  const entries = entriesOf(value);
  if (entries?.every(([, label]) => label === 'chosen' || label === 'rejected')) {
    return { value: Object.fromEntries(entries) as Labels };
  }
  return problem('unknown-shape', "labels is no object of 'chosen' or 'rejected' by principle");
}

/** The rationales by principle: `rationales: { honesty: 'B is...', truthfulness: { chosen: '...', rejected: '...' } }`. */
export function readRationales(value: unknown): Outcome<Rationales | undefined> {
  if (value === undefined || value === null) return { value: undefined };
  const entries = entriesOf(value);
  if (entries?.every(([, rationale]) => isRationale(rationale))) {
    return { value: Object.fromEntries(entries) as Rationales };
  }
  return problem(
    'unknown-shape',
    'rationales is no object of a string, or { chosen, rejected }, by principle',
  );
}

function isRationale(value: unknown): value is Rationale {
  if (typeof value === 'string') return true;
  const { chosen, rejected } = (value ?? {}) as Partial<Exclude<Rationale, string>>;
  return typeof chosen === 'string' && typeof rejected === 'string';
}

function entriesOf(value: unknown): [string, unknown][] | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.entries(value)
    : undefined;
}
