import { Random } from '@selfjudge/base';
import type { PreferencePair } from '@selfjudge/data';
import { PRINCIPLES } from './facts.js';
import { gold } from './gold.js';
import { drawPrompts, type WorldPrompt } from './prompts.js';
import { writeAnswer } from './writer.js';

export interface PairOptions {
  count: number;
  /** Probability that a label is flipped; each of the five labels flips by itself. */
  noise: number;
  seed: number;
}

/**
 * Labelled pairs of the fallible writers, without ties in gold. Each has an overall label (chosen, rejected) and one a
 * principle; a tie on a principle takes the overall truth, and then every label may be flipped. Reasons are true.
 */
export function makePairs(
  prompts: readonly WorldPrompt[],
  { count, noise, seed }: PairOptions,
): PreferencePair[] {
  const random = new Random(seed, 102);
  const pairs: PreferencePair[] = [];
  while (pairs.length < count) {
    const [prompt] = drawPrompts(prompts, random, 1);
    const answers = [writeAnswer(prompt, random), writeAnswer(prompt, random)];
    const scores = answers.map((answer) => gold(prompt, answer));
    const difference = scores[0].score - scores[1].score;
    if (difference === 0) continue;
    const firstWins = (d: number) => d > 0 !== random.uniform() < noise;
    const first = firstWins(difference);
    const [chosen, rejected] = first ? [0, 1] : [1, 0];
    const labels: Record<string, 'chosen' | 'rejected'> = { overall: 'chosen' };
    const rationales: Record<string, { chosen: string; rejected: string }> = {};
    for (const principle of PRINCIPLES) {
      const d = scores[0].principles[principle] - scores[1].principles[principle];
      labels[principle] = firstWins(d === 0 ? difference : d) === first ? 'chosen' : 'rejected';
      rationales[principle] = {
        chosen: scores[chosen].reasons[principle],
        rejected: scores[rejected].reasons[principle],
      };
    }
    // Overall, each answer is told its worst principle.
    const worst = (i: number) =>
      scores[i].reasons[
        PRINCIPLES.reduce((a, b) => (scores[i].principles[b] < scores[i].principles[a] ? b : a))
      ];
    rationales.overall = { chosen: worst(chosen), rejected: worst(rejected) };
    pairs.push({
      id: `world:${pairs.length}`,
      prompt: prompt.text,
      chosen: answers[chosen],
      rejected: answers[rejected],
      labels,
      rationales,
    });
  }
  return pairs;
}

/** The same pairs with labels that mean nothing: the control that the judge learns from labels and not from leaks. */
export function shuffleLabels(pairs: readonly PreferencePair[], seed: number): PreferencePair[] {
  const random = new Random(seed, 103);
  return pairs.map((pair) => {
    const either = () => (random.uniform() < 0.5 ? ('chosen' as const) : ('rejected' as const));
    const labels = Object.fromEntries(PRINCIPLES.map((principle) => [principle, either()]));
    return preferring(either(), { ...pair, labels: { ...labels, overall: 'chosen' } });
  });
}

/** The same pairs with the majority of their five labels as overall label: DPO then has what the principle judge has. */
export const voteLabels = (pairs: readonly PreferencePair[]): PreferencePair[] =>
  pairs.map((pair) => {
    const votes = Object.values(pair.labels!);
    const forChosen = votes.filter((label) => label === 'chosen').length;
    return preferring(2 * forChosen > votes.length ? 'chosen' : 'rejected', pair);
  });

/** The pair with one of its answers in the place of the chosen one; labels of principles stay with their answers. */
function preferring(better: 'chosen' | 'rejected', pair: PreferencePair): PreferencePair {
  if (better === 'chosen') return pair;
  const other = { chosen: 'rejected', rejected: 'chosen' } as const;
  const labels = Object.entries(pair.labels!).map(([name, label]) => [name, other[label]]);
  const rationales = Object.entries(pair.rationales!).map(([name, reasons]) => [
    name,
    typeof reasons === 'string' ? reasons : { chosen: reasons.rejected, rejected: reasons.chosen },
  ]);
  return {
    ...pair,
    chosen: pair.rejected,
    rejected: pair.chosen,
    labels: { ...Object.fromEntries(labels), overall: 'chosen' },
    rationales: Object.fromEntries(rationales),
  };
}
