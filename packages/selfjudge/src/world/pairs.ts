import { Random } from '@selfjudge/base';
import type { PreferencePair } from '@selfjudge/data';
import type { Judge } from '@selfjudge/judging';
import { consult } from '@selfjudge/judging/internal';
import { PRINCIPLES, type Principle } from './facts.js';
import { gold, type Gold } from './gold.js';
import { drawPrompts, type WorldPrompt } from './prompts.js';
import { writeAnswer, type Writers } from './writer.js';

export interface Annotators {
  /** Probability that a label is flipped, each of the five by itself. */
  noise: number;
  /** Probability that a pair is misread: all its labels are flipped together. */
  sharedNoise: number;
}

export interface PairOptions extends Annotators {
  count: number;
  writers: Writers;
  seed: number;
}

/**
 * Labelled pairs of fallible writers, without ties in gold. Each has an overall label (chosen, rejected) and one a
 * principle; a tie on a principle takes the overall truth, and then labels may be flipped. Reasons go with the label that was
 * drawn: whoever prefers the worse answer says of it what is true of the better one.
 */
export function makePairs(
  prompts: readonly WorldPrompt[],
  { count, noise, sharedNoise, writers, seed }: PairOptions,
): PreferencePair[] {
  const random = new Random(seed, 102);
  const pairs: PreferencePair[] = [];
  while (pairs.length < count) {
    const [prompt] = drawPrompts(prompts, random, 1);
    const answers = [writeAnswer(prompt, writers, random), writeAnswer(prompt, writers, random)];
    const golds = answers.map((answer) => gold(prompt, answer));
    const ahead = golds[0].score - golds[1].score;
    if (ahead === 0) continue;
    const misread = random.uniform() < sharedNoise;
    /** Draws a label; true where the first answer is preferred. */
    const prefers = (difference: number) => difference > 0 !== (misread !== random.uniform() < noise);
    const first = prefers(ahead);
    const [chosen, rejected] = first ? [0, 1] : [1, 0];
    const labels: Record<string, 'chosen' | 'rejected'> = { overall: 'chosen' };
    const rationales: Record<string, { chosen: string; rejected: string }> = {};
    const told = (flipped: boolean, reason: (of: Gold) => string) =>
      ({
        chosen: reason(golds[flipped ? rejected : chosen]),
        rejected: reason(golds[flipped ? chosen : rejected]),
      }) as const;
    for (const principle of PRINCIPLES) {
      const difference = golds[0].principles[principle] - golds[1].principles[principle] || ahead;
      const own = prefers(difference);
      labels[principle] = own === first ? 'chosen' : 'rejected';
      rationales[principle] = told(own !== difference > 0, ({ reasons }) => reasons[principle]);
    }
    rationales.overall = told(first !== ahead > 0, ({ principles, reasons }) => reasons[worst(principles)]);
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

/** Overall, each answer is told its worst principle. */
const worst = (worth: Record<Principle, number>) =>
  PRINCIPLES.reduce((a, b) => (worth[b] < worth[a] ? b : a));

/** The same pairs with labels that mean nothing: the control that the judge learns from labels and not from leaks. */
export function shuffleLabels(pairs: readonly PreferencePair[], seed: number): PreferencePair[] {
  const random = new Random(seed, 103);
  return pairs.map((pair) => {
    const either = () => (random.uniform() < 0.5 ? ('chosen' as const) : ('rejected' as const));
    const labels = Object.fromEntries(PRINCIPLES.map((principle) => [principle, either()]));
    return preferring(either(), { ...pair, labels: { ...labels, overall: 'chosen' } });
  });
}

/** The same pairs relabelled: by what gold says. */
export function goldLabels(
  pairs: readonly PreferencePair[],
  prompts: ReadonlyMap<string, WorldPrompt>,
): PreferencePair[] {
  return pairs.map((pair) => {
    const worth = (answer: 'chosen' | 'rejected') =>
      gold(prompts.get(pair.prompt as string)!, pair[answer] as string).score;
    return preferring(worth('chosen') > worth('rejected') ? 'chosen' : 'rejected', pair);
  });
}

/** The same pairs relabelled: by what a judge says; those of which it says nothing, or a tie, stay out. */
export async function judgeLabels(
  pairs: readonly PreferencePair[],
  judge: Judge,
  signal?: AbortSignal,
): Promise<PreferencePair[]> {
  const asked = pairs.map(({ prompt, chosen, rejected }) => ({ prompt, a: chosen, b: rejected }));
  const verdicts = await consult(judge, asked, 'judgeLabels', { signal });
  return pairs.flatMap((pair, i) => {
    const { winner } = verdicts[i];
    if (winner === null || winner === 'tie') return [];
    return [preferring(winner === 'a' ? 'chosen' : 'rejected', pair)];
  });
}

/**
 * The same pairs with the majority of the labels that a judge of principles learns as overall label; pairs whose labels are
 * split stay out, as they do where the judge votes.
 */
export const voteLabels = (pairs: readonly PreferencePair[]): PreferencePair[] =>
  pairs.flatMap((pair) => {
    const forChosen = PRINCIPLES.filter((principle) => pair.labels![principle] === 'chosen').length;
    if (2 * forChosen === PRINCIPLES.length) return [];
    return [preferring(2 * forChosen > PRINCIPLES.length ? 'chosen' : 'rejected', pair)];
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
