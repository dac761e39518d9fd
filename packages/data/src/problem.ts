import { isError } from '@selfjudge/base';

/** Why a row cannot be used. */
export type ProblemCode =
  | 'broken-line'
  | 'unknown-shape'
  | 'other-shape'
  | 'differing-prompts'
  | 'equal-answers'
  | 'no-verdict'
  | 'empty-answer'
  | 'prompt-too-long'
  | 'too-long'
  | 'unstable-template'
  | 'refused'
  | 'not-finite'
  | 'length-balance';

export interface Problem {
  code: ProblemCode;
  /** One clause, in lower case, without the place. */
  reason: string;
}

/** A row left out, and where it stood. `line` counts from 1. */
export interface Issue extends Problem {
  file: string;
  line: number;
}

/** What became of a row: its value, or why there is none. */
export type Outcome<T> = { value: T; problem?: undefined } | { value?: undefined; problem: Problem };

export function problem(code: ProblemCode, reason: string): { problem: Problem } {
  return { problem: { code, reason } };
}

/**
 * `work` on one row. What a chat template or tokenizer refuses of it is a problem of that row, in their own words; any
 * other error is an error.
 */
export function refusable<T>(work: () => T): Outcome<T> {
  try {
    return { value: work() };
  } catch (error) {
    if (!isError(error, 'SJ_WRONG_ARGUMENT')) throw error;
    return problem('refused', error.message.replace(/^\[\w+\] /, ''));
  }
}

/** One line a kind of problem: how many rows it cost and where the first ones stand. Empty when there are none. */
export function describeProblems(problems: readonly (Problem & { place: string })[]): string {
  const kinds = new Map<ProblemCode, { count: number; first: string[] }>();
  for (const { code, reason, place } of problems) {
    const kind = kinds.get(code) ?? { count: 0, first: [] };
    kinds.set(code, kind);
    if (kind.count++ < 3) kind.first.push(`${place} (${reason})`);
  }
  const lines = [...kinds].map(
    ([code, { count, first }]) => `${count} ${code}: ${first.join(', ')}${count > 3 ? ', ...' : ''}`,
  );
  return lines.join('\n');
}

/** `describeProblems` of rows of files. */
export function describeIssues(issues: readonly Issue[]): string {
  return describeProblems(issues.map((issue) => ({ ...issue, place: `${issue.file}:${issue.line}` })));
}
