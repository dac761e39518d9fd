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
}

/**
 * UltraFeedback: `{instruction, completions}`, each completion with a rating and a rationale by principle. The best answer by
 * the mean of its ratings (of equals the longer) meets one that is rated lower, drawn by the instruction's hash, so that a row
 * gives the same pair in every run. Each principle on which the two are rated unequally has its label, which may be for the
 * answer that is worse on the whole, and rationales where both answers have one that does not speak of "Text 1" and the like.
 */
export const ultraFeedback = {
  columns: ['instruction', 'completions'],
  read({ id, instruction, completions }: Row): Outcome<Row> {
    if (typeof instruction !== 'string') return wrong('a text in instruction', instruction);
    if (!Array.isArray(completions)) return wrong('completions, a list', completions);
    const answers: Rated[] = [];
    for (const [i, completion] of completions.entries()) {
      const answer = ratedOf(completion);
      if (answer === undefined)
        return wrong(`completions[${i}] with response, a text, and annotations by principle`, completion);
      if (answer.ratings.size > 0) answers.push(answer);
    }
    const [best, ...others] = answers.toSorted(
      (a, b) => b.overall - a.overall || b.response.length - a.response.length,
    );
    const worse = others.filter(({ overall }) => overall < best.overall);
    if (worse.length === 0) return problem('no-verdict', 'no answer is rated lower than the best one');
    const other = worse[Math.floor(hashFraction(instruction) * worse.length)];
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
        id,
        prompt: question(instruction),
        chosen: best.response,
        rejected: other.response,
        ...(Object.keys(labels).length > 0 && { labels }),
        ...(Object.keys(rationales).length > 0 && { rationales }),
      },
    };
  },
};

function ratedOf(completion: unknown): Rated | undefined {
  const { response, annotations } = (completion ?? {}) as { response?: unknown; annotations?: unknown };
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
  return { response, ratings, rationales, overall: sum / ratings.size };
}
