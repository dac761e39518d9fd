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
  path,
  text,
  tuple,
  whole,
  type Check,
} from '@selfjudge/base/checks';
import { prompt } from '@selfjudge/text/checks';
import { ORDERS } from './pair.js';

export const isPair = object({ prompt, a: text, b: text });
export const isShownFirst = oneOf(...ORDERS);

/** Whoever compares answers. */
export const isJudge = having('a Judge, an object with a method compare', { compare: callback });
/** Whoever scores answers. */
export const isScorer = having('a Scorer, an object with a method score', { score: callback });
/** Whoever compares or scores answers; who has both methods is taken as a scorer. */
export const isJudgeOrScorer: Check = (value, what, where) => {
  const one = typeof value === 'object' && value !== null && 'score' in value ? isScorer : eitherKind;
  one(value, what, where);
};
const eitherKind = having('a Judge or a Scorer, an object with a method compare or score', {
  compare: callback,
});
export const compareOptions = options({
  tokenBudget: optional(limit),
  onProgress: optional(callback),
  signal: optional(abortSignal),
});

/** Judgments that were made: a file of them, or a list. */
export const isRecord: Check = (value, what, where) => {
  const one = typeof value === 'string' ? path : list(isJudgment);
  one(value, what, where);
};
const isJudgment = object({ prompt, completions: tuple(text, text), winner: oneOf('a', 'b', 'tie') });
export const compareArguments = { pairs: list(isPair), options: compareOptions };
export const scoreArguments = { answers: list(object({ prompt, answer: text })), options: compareOptions };

export const isShownConversation = options({
  speakers: optional(oneOf('several', 'always', 'never')),
  system: optional(oneOf('keep', 'drop')),
});

const parts = { system: optional(text), user: optional(text), assistant: optional(text) };
/** A template in memory, by the types of its parts; what they say is looked at where it is first used. */
export const isTemplate = object({
  name: text,
  ...parts,
  verdicts: object({ a: text, b: text }),
  principles: list(object({ name: text, text: optional(text), ...parts })),
  conversation: optional(isShownConversation),
  rationale: optional(text),
  reasoning: optional(oneOf('drop', 'keep')),
});

export const isReasons = kind('a text, or { chosen, rejected }', (value) => {
  if (typeof value === 'string') return true;
  const { chosen, rejected } = (value ?? {}) as { chosen?: unknown; rejected?: unknown };
  return typeof chosen === 'string' && typeof rejected === 'string';
});

/** Two of so many players compared. */
export const comparisonOf = (count: number): Check =>
  object({ a: whole(0, count - 1), b: whole(0, count - 1), points: number({ min: 0, max: 1 }) });

export const isWinner = oneOf('a', 'b', 'tie', null);
export const isOrder = object({ pA: measured, pB: measured });
export const isOrders = tuple(isOrder, isOrder);
export const isVote = object({ winner: isWinner, scoreA: measured, scoreB: measured, orders: isOrders });

const isEvidence: Check = (value, what, where) => {
  object({ kind: text })(value, what, where);
  if ((value as { kind: string }).kind === 'token')
    object({ orders: isOrders, votes: list(isVote) })(value, what, where);
};
const said = {
  winner: isWinner,
  reason: optional(text),
  detail: optional(text),
  evidence: optional(isEvidence),
};
const decided = object({
  ...said,
  scoreA: number(),
  scoreB: number(),
  probability: number({ min: 0, max: 1 }),
});
const undecided = object({ ...said, scoreA: measured, scoreB: measured, probability: measured });
/** What others read of a verdict. With a winner its figures are finite. */
export const isVerdict: Check = (value, what, where) => {
  object({ winner: isWinner })(value, what, where);
  const one = (value as { winner: unknown }).winner === null ? undecided : decided;
  one(value, what, where);
};

/** A list of exactly so many. */
export const listOf = (of: Check, count: number): Check => {
  const isOne = kind(`a list of ${count}`, (value) => Array.isArray(value) && value.length === count);
  return (value, what, where) => {
    isOne(value, what, where);
    list(of)(value, what, where);
  };
};
/** What a judge says of so many pairs. Anybody's may be asked: what it says comes from outside. */
export const verdictsOn = (pairs: number): Check => listOf(isVerdict, pairs);
/** What a scorer says of so many answers. */
export const scoresOn = (answers: number): Check => listOf(isScore, answers);
const isScore = kind(
  'a finite number, or NaN for no score',
  (value) => Number.isFinite(value) || Number.isNaN(value),
);
/** Lengths of two answers, in any one unit. */
export const isLengths = tuple(number({ min: 0 }), number({ min: 0 }));
