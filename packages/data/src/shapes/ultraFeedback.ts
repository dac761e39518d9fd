import type { Message } from '@selfjudge/text';

import type { Row } from '../convert.js';
import type { Labels, Rationales } from '../labels.js';
import type { Outcome } from '../problem.js';
import { problem } from '../problem.js';
import { hashFraction } from '../split.js';
import { question, wrong } from './columns.js';

interface Rated {
  response: string;
  /** By principle; absent where it is N/A. */
  ratings: Map<string, number>;
  rationales: Map<string, string>;
  /** The mean of the ratings. */
  overall: number;
  /** The system prompt that it was written under. */
  system?: string;
}

const COLUMNS = ['instruction', 'completions'];

/**
 * UltraFeedback: `{instruction, completions}`, each completion with a rating and a rationale by principle. The best answer by
 * the mean of its ratings (of equals the longer) meets one that is rated lower, drawn by the instruction's hash, so that a row
 * gives the same pair in every run. Each principle on which the two are rated unequally has its label, which may be for the
 * answer that is worse on the whole, and rationales where both answers have one that does not speak of "Text 1" and the like.
 */
export const ultraFeedback = {
  columns: COLUMNS,
  read(row: Row): Outcome<Row> {
    const { value, problem: fault } = rankedOf(row);
    if (fault) return { problem: fault };
    const { instruction, answers } = value;
    const worse = worseThanBest(answers);
    if (worse.length === 0) return NONE_LOWER;
    const [best, other] = [answers[0], drawn(worse, instruction)];
    const labels: Labels = {};
    const rationales: Rationales = {};
    for (const [principle, rating] of best.ratings) {
      const against = other.ratings.get(principle);
      if (against === undefined || against === rating) continue;
      labels[principle] = rating > against ? 'chosen' : 'rejected';
      const [chosen, rejected] = [best, other].map((answer) => answer.rationales.get(principle));
      if (chosen !== undefined && rejected !== undefined) rationales[principle] = { chosen, rejected };
    }
    return {
      value: {
        ...pairOf(row, instruction, best, other),
        ...(Object.keys(labels).length > 0 && { labels }),
        ...(Object.keys(rationales).length > 0 && { rationales }),
      },
    };
  },
};

/**
 * The pairs of the paper's code (preprocess.py): one of its own for each principle, won by that principle. Two answers may meet
 * if both are rated on it, unequally, and have rationales that do not speak of "Text". The first answer of the ranking on the
 * whole that may meet another meets one, drawn by the hash of principle and instruction. A principle without such a pair has no row.
 */
export const ultraFeedbackPrinciples = {
  columns: COLUMNS,
  read(row: Row): Outcome<Row[]> {
    const { value, problem: fault } = rankedOf(row);
    if (fault) return { problem: fault };
    const { instruction, answers } = value;
    const principles = [...new Set(answers.flatMap(({ ratings }) => [...ratings.keys()]))].sort();
    const rows = principles.flatMap((principle) => {
      const usable = answers.filter(
        ({ ratings, rationales }) => ratings.has(principle) && rationales.has(principle),
      );
      const ratingOf = ({ ratings }: Rated) => ratings.get(principle)!;
      const first = usable.find((one) => usable.some((other) => ratingOf(other) !== ratingOf(one)));
      if (first === undefined) return [];
      const partners = usable.filter((other) => ratingOf(other) !== ratingOf(first));
      const other = drawn(partners, `${principle}\n${instruction}`);
      const [won, lost] = ratingOf(first) > ratingOf(other) ? [first, other] : [other, first];
      const rationale = { chosen: won.rationales.get(principle)!, rejected: lost.rationales.get(principle)! };
      const pair = pairOf(row, instruction, won, lost);
      return [{ ...pair, labels: { [principle]: 'chosen' }, rationales: { [principle]: rationale } }];
    });
    if (rows.length === 0) return problem('no-verdict', 'no principle has two answers that may meet');
    return { value: rows };
  },
};

/** The best answer against the worst one, of equally bad ones the shorter: preferences for offline DPO. */
export const ultraFeedbackBestWorst = {
  columns: COLUMNS,
  read(row: Row): Outcome<Row> {
    const { value, problem: fault } = rankedOf(row);
    if (fault) return { problem: fault };
    const { instruction, answers } = value;
    const worst = worseThanBest(answers).at(-1);
    return worst === undefined ? NONE_LOWER : { value: pairOf(row, instruction, answers[0], worst) };
  },
};

/** The best answer, after the system prompt that it was given: an example for the policy, as the paper's code has it. */
export const ultraFeedbackDemonstrations = {
  columns: COLUMNS,
  read(row: Row): Outcome<Row> {
    const { value, problem: fault } = rankedOf(row);
    if (fault) return { problem: fault };
    const { instruction, answers } = value;
    if (answers.length === 0) return problem('no-verdict', 'no answer is rated');
    const [{ system, response }] = answers;
    const messages: Message[] = [
      ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
      ...question(instruction),
      { role: 'assistant', content: response },
    ];
    return { value: { id: row.id, messages } };
  },
};

/** The rated answers of a row, the best first. */
function rankedOf({ instruction, completions }: Row): Outcome<{ instruction: string; answers: Rated[] }> {
  if (typeof instruction !== 'string') return wrong('a text in instruction', instruction);
  if (!Array.isArray(completions)) return wrong('completions, a list', completions);
  const answers: Rated[] = [];
  for (const [i, completion] of completions.entries()) {
    const answer = ratedOf(completion);
    if (answer === undefined)
      return wrong(`completions[${i}] with response, a text, and annotations by principle`, completion);
    if (answer.ratings.size > 0) answers.push(answer);
  }
  const characters = ({ response }: Rated) => [...response].length;
  answers.sort((a, b) => b.overall - a.overall || characters(b) - characters(a));
  return { value: { instruction, answers } };
}

const NONE_LOWER = problem('no-verdict', 'no answer is rated lower than the best one');

const worseThanBest = ([best, ...others]: readonly Rated[]): Rated[] =>
  others.filter(({ overall }) => overall < best.overall);

const drawn = (answers: readonly Rated[], key: string): Rated =>
  answers[Math.floor(hashFraction(key) * answers.length)];

const pairOf = (
  { id }: Row,
  instruction: string,
  chosen: Rated,
  rejected: Rated,
): Record<string, unknown> => ({
  id,
  prompt: question(instruction),
  chosen: chosen.response,
  rejected: rejected.response,
});

function ratedOf(completion: unknown): Rated | undefined {
  const {
    response,
    annotations,
    custom_system_prompt: system,
  } = (completion ?? {}) as Record<string, unknown>;
  if (typeof response !== 'string' || typeof annotations !== 'object' || annotations === null)
    return undefined;
  const ratings = new Map<string, number>();
  const rationales = new Map<string, string>();
  for (const [principle, said] of Object.entries(annotations as Record<string, unknown>)) {
    const facts = (said ?? {}) as Record<string, unknown>;
    // Texts of digits; "N/A" is none.
    if (!/^\d+(\.\d+)?$/.test(String(facts.Rating))) continue;
    ratings.set(principle, Number(facts.Rating));
    const text = [facts.Rationale, facts['Rationale For Rating']].filter((part) => typeof part === 'string');
    const whole = text.join(' ').trim();
    if (whole !== '' && !whole.includes('Text')) rationales.set(principle, whole);
  }
  const sum = [...ratings.values()].reduce((total, rating) => total + rating, 0);
  const overall = sum / ratings.size;
  return {
    response,
    ratings,
    rationales,
    overall,
    ...(typeof system === 'string' && system !== '' && { system }),
  };
}
