import { ArgumentError } from '@selfjudge/base';
import type { SelfTrainingOptions } from './selfTrainingRun.js';
import type { MetricsRow } from '../runs/rows.js';

/** Mean p(A) + p(B) below which a judge was hardly asked what it knows. */
export const LITTLE_MASS = 0.1;

interface Cause {
  what: string;
  /** What can be done about it. */
  advice: string;
  share: number;
}

/**
 * Watches whether there is anything to learn from: the first step without a pair is warned of, with its cause and what can
 * be done, as is a judge that puts little probability on its verdicts.
 */
export class PairReview {
  readonly #options: Pick<SelfTrainingOptions, 'maxNewTokens'>;
  readonly #verb: string;
  /** Of the newest step without a pair. */
  #empty?: string;
  #pairs = false;
  #massSaid = false;

  /** @param verb of the method */
  constructor(options: Pick<SelfTrainingOptions, 'maxNewTokens'>, verb = 'self-train') {
    this.#options = options;
    this.#verb = verb;
  }

  review({ step, metrics }: MetricsRow): string | undefined {
    const notes = [this.#reviewPairs(step, metrics), this.#reviewMass(step, metrics)];
    return notes.filter((note) => note !== undefined).join('\n') || undefined;
  }

  /** @throws ArgumentError when no step had a pair */
  conclude(): void {
    if (this.#pairs || this.#empty === undefined) return;
    throw new ArgumentError('prompts', {
      where: this.#verb,
      expected: 'a pair of answers to learn from in at least one step',
      received: `none: ${this.#empty}`,
    });
  }

  #reviewPairs(step: number, metrics: MetricsRow['metrics']): string | undefined {
    const rate = metrics['judge/ranked_rate'] ?? metrics['judge/pair_rate'];
    if (rate > 0) {
      this.#pairs = true;
      return undefined;
    }
    if (rate !== 0) return undefined;
    const first = this.#empty === undefined;
    this.#empty = describe(this.#causes(metrics));
    return first ? `step ${step} had no pair to learn from: ${this.#empty}` : undefined;
  }

  #reviewMass(step: number, { 'judge/ab_mass': mass }: MetricsRow['metrics']): string | undefined {
    if (this.#massSaid || !(mass < LITTLE_MASS)) return undefined;
    this.#massSaid = true;
    return (
      `the judge put a probability of ${mass.toPrecision(2)} on its two verdicts together in step ${step}: it says ` +
      'something else than was asked; teach it by jsft, or take another judge_template'
    );
  }

  #causes(metrics: MetricsRow['metrics']): Cause[] {
    const equal = metrics['completions/equal_ratio'];
    const cut = metrics['completions/cut_ratio'];
    const judged = 1 - equal - cut;
    const { maxNewTokens } = this.#options;
    return [
      {
        what: `cut at ${maxNewTokens} tokens before their end`,
        advice: 'raise max_new_tokens, or keep cut answers (missing_eos keep)',
        share: cut,
      },
      { what: 'equal', advice: 'raise temperature or top_p', share: equal },
      {
        what: 'tied by the judge',
        advice: 'teach the judge by jsft, or take another judge_template',
        share: judged * metrics['judge/tie_rate'],
      },
      {
        what: 'without a verdict',
        advice: 'teach the judge by jsft, or take another judge_template',
        share: judged * metrics['judge/invalid_rate'],
      },
      {
        what: 'decided, but in a circle: no answer won more than another',
        advice: 'teach the judge by jsft, or take another judge_template',
        share: metrics['judge/pair_rate'],
      },
    ]
      .filter(({ share }) => share > 0)
      .sort((a, b) => b.share - a.share);
  }
}

function describe(causes: readonly Cause[]): string {
  const parts = causes.map(
    ({ what, share }) => `${Math.round(100 * share)}% of the pairs of answers were ${what}`,
  );
  return `${parts.join(', ')}; ${causes[0]?.advice ?? 'look at samples/'}`;
}
