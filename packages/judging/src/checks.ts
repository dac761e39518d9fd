// What judges, templates and verdicts are, for callers without TypeScript.
import {
  abortSignal,
  callback,
  having,
  kind,
  limit,
  list,
  measured,
  number,
  object,
  oneOf,
  optional,
  options,
  text,
  tuple,
} from '@selfjudge/base/checks';
import { prompt, tokenizer } from '@selfjudge/text/checks';
import { ORDERS } from './pair.js';

export const isPair = object({ prompt, a: text, b: text });
export const isShownFirst = oneOf(...ORDERS);

/** A Judge, by what is used of one. */
export const isJudge = having('a Judge', { compare: callback, tokenizer });
export const compareOptions = options({
  tokenBudget: optional(limit),
  onProgress: optional(callback),
  signal: optional(abortSignal),
});

/** A template in memory, by the types of its parts; `parseJudgeTemplate` looks at what they say. */
export const isTemplate = object({
  name: text,
  system: optional(text),
  user: text,
  assistant: text,
  verdicts: object({ a: text, b: text }),
  principles: list(object({ name: text, text })),
  rationale: optional(text),
  reasoning: optional(oneOf('drop', 'keep')),
});

export const isReasons = kind('a text, or { chosen, rejected }', (value) => {
  if (typeof value === 'string') return true;
  const { chosen, rejected } = (value ?? {}) as { chosen?: unknown; rejected?: unknown };
  return typeof chosen === 'string' && typeof rejected === 'string';
});

export const isWinner = oneOf('a', 'b', 'tie', null);
export const isOrder = object({ pA: measured, pB: measured });
export const isVote = object({ winner: isWinner, scoreA: measured, scoreB: measured });
/** What others read of a verdict. */
export const isVerdict = object({
  winner: isWinner,
  orders: list(isOrder),
  scoreA: measured,
  scoreB: measured,
});
/** What a judge says of so many pairs. Anybody's may be asked: what it says comes from outside. */
export const verdictsOn = (pairs: number) => list(isVerdict, pairs);
/** Lengths of two answers, in any one unit. */
export const isLengths = tuple(number({ min: 0 }), number({ min: 0 }));
