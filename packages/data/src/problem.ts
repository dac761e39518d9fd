/** Why a row cannot be used. */
export type ProblemCode =
  | 'broken-line'
  | 'unknown-shape'
  | 'differing-prompts'
  | 'equal-answers'
  | 'empty-answer'
  | 'prompt-too-long'
  | 'unstable-template';

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

/** One line a kind of problem: how many rows it cost and where the first ones stand. Empty when there are none. */
export function describeIssues(issues: readonly Issue[]): string {
  const kinds = new Map<ProblemCode, Issue[]>();
  for (const issue of issues) kinds.set(issue.code, [...(kinds.get(issue.code) ?? []), issue]);
  const lines = [...kinds].map(([code, of]) => {
    const first = of.slice(0, 3).map(({ file, line, reason }) => `${file}:${line} (${reason})`);
    return `${of.length} ${code}: ${first.join(', ')}${of.length > 3 ? ', ...' : ''}`;
  });
  return lines.join('\n');
}
