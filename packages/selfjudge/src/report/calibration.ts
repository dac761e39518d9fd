import { mean } from '@selfjudge/base/internal';
import type { Estimate } from '@selfjudge/evaluation';
import { accuracyOf, reliabilityOf } from '@selfjudge/evaluation/internal';
import { voteOf } from '@selfjudge/judging/internal';

/** A labelled pair as an evaluation wrote it down; [A, B] are the probabilities of naming who is shown first and second. */
interface JudgedRow {
  lengths?: [chosen: number, rejected: number];
  votes: { label: 'chosen' | 'rejected'; ab: [number, number]; ba: [number, number] }[];
}

/** A question about a held-out pair. */
interface Answered {
  /** Index of its pair. */
  group: number;
  /** 1 where the judge names the labelled answer, 0.5 for a tie. */
  right: number;
  /** The probability of the answer it names, 0.5 to 1. */
  confidence: number;
  /** Whether the labelled answer is the longer one, where one is. */
  longer?: boolean;
}

/** Questions of one kind: how often the judge is right, with the interval of as many pairs as they are about. */
export interface Group {
  name: string;
  questions: number;
  /** Mean over the questions. */
  confidence: number;
  accuracy: Estimate;
}

/** How far the probabilities of a judge can be believed. */
export interface Calibration {
  pairs: number;
  questions: number;
  /** Questions without a verdict; they are in nothing else. */
  unanswered: number;
  /** Share of single orders that name the answer shown first. */
  firstRate: number;
  /** Expected calibration error (arXiv 1706.04599, equation 3): mean over questions of |accuracy - confidence| of their bin. */
  error: number;
  /** By confidence, from the least; bins without a question are left out. */
  bins: Group[];
  /** By which side is longer. */
  byLength: Group[];
}

/** @returns undefined for rows that are none of judged pairs */
export function calibrationOf(rows: readonly Record<string, unknown>[]): Calibration | undefined {
  const pairs = rows.filter(isJudged);
  if (pairs.length === 0) return undefined;
  const asked = pairs.flatMap(({ votes, lengths }, pair) =>
    votes.map((vote) => ({ pair, lengths, ...vote })),
  );
  const answered = asked.flatMap((one): Answered[] => {
    const [ab, ba] = [one.ab, one.ba].map(([pA, pB]) => ({ pA, pB }));
    const { winner, scoreA, scoreB } = voteOf('', ab, ba);
    if (winner === null) return [];
    const label = one.label === 'chosen' ? 'a' : 'b';
    const [a, b] = one.lengths ?? [0, 0];
    return [
      {
        group: one.pair,
        right: winner === 'tie' ? 0.5 : Number(winner === label),
        confidence: Math.max(scoreA, scoreB) / (scoreA + scoreB),
        ...(a !== b && { longer: a > b === (label === 'a') }),
      },
    ];
  });
  const { error, bins } = reliabilityOf(answered);
  const orders = asked.flatMap(({ ab, ba }) => [ab, ba]);
  return {
    pairs: pairs.length,
    questions: asked.length,
    unanswered: asked.length - answered.length,
    firstRate: mean(orders.map(([pA, pB]) => (pA === pB ? 0.5 : Number(pA > pB)))),
    error,
    bins: bins.map(({ low, high, answers, confidence, accuracy }) => ({
      name: `${low.toFixed(1)} to ${high.toFixed(1)}`,
      questions: answers,
      confidence,
      accuracy,
    })),
    byLength: [
      groupOf(
        'the better answer is the longer one',
        answered.filter(({ longer }) => longer === true),
      ),
      groupOf(
        'the better answer is the shorter one',
        answered.filter(({ longer }) => longer === false),
      ),
    ].filter(({ questions }) => questions > 0),
  };
}

function groupOf(name: string, all: readonly Answered[]): Group {
  return {
    name,
    questions: all.length,
    confidence: mean(all.map(({ confidence }) => confidence)),
    accuracy: accuracyOf(all),
  };
}

const isOrder = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 2 && value.every((one) => typeof one === 'number');

/** What a number that was not finite was written as is no probability. */
function isJudged(row: Record<string, unknown>): row is Record<string, unknown> & JudgedRow {
  const { votes } = row;
  return (
    Array.isArray(votes) &&
    votes.length > 0 &&
    votes.every(
      (vote: Record<string, unknown>) =>
        (vote.label === 'chosen' || vote.label === 'rejected') && isOrder(vote.ab) && isOrder(vote.ba),
    )
  );
}
