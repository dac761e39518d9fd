import type { SampledAnswer } from '@selfjudge/engine';
import type { Tokenizer, TreeSequence } from '@selfjudge/text';
import type { Text } from '@selfjudge/data';
import type { CompareOptions, Judge, Verdict } from '@selfjudge/judging';
import { mean } from '@selfjudge/base/internal';
import { consult, regularisedVerdict } from '@selfjudge/judging/internal';
import type { OptionsOf } from '@selfjudge/base/fields';
import type { Keeping, samplingFields } from '../options/sampling.js';
import { answerSequence, type TokenPair } from './tokenPair.js';

export interface TokenizedPrompt {
  id: string;
  /** What the judge reads. */
  text: Text;
  /** The prompt as the policy sees it, up to the open assistant turn. */
  tokens: number[];
}

/**
 * What became of two answers: `pair` when one won and both are trained on; else why not. `equal`: the same text,
 * `cut`: without an end token where that excludes them, `tie` and `null`: the judge's verdict.
 */
export type Fate = 'pair' | 'equal' | 'cut' | 'tie' | 'null';

/** An answer of a contest. */
export interface Contestant extends SampledAnswer {
  /** Prompt and answer as they go into a tree. */
  sequence: TreeSequence;
  /** Sum of the reference's log-probabilities, nats; absent until `scoreContests` asked it. */
  reference?: number;
}

/** Two answers to one prompt, from sampled to trained on: what is found out about them is added to it. */
export interface Contest {
  prompt: TokenizedPrompt;
  a: Contestant;
  b: Contestant;
  fate: Fate;
  winner?: 'a' | 'b';
  /** Absent where the judge was not asked. */
  verdict?: Verdict;
}

/** How answers are sampled in training; the tokenizer says what ends a turn. */
export function sampling(options: OptionsOf<typeof samplingFields> & { seed: number }, tokenizer: Tokenizer) {
  const { maxNewTokens, temperature, topP, topK, seed } = options;
  return { maxNewTokens, temperature, topP, topK, seed, eos: tokenizer.eos };
}

/** Settles every pair of answers, asking the judge only where its word can matter. */
export async function decide(
  prompts: TokenizedPrompt[],
  answers: [a: SampledAnswer, b: SampledAnswer][],
  judge: Judge,
  keeping: Keeping,
  compare: CompareOptions = {},
): Promise<Contest[]> {
  const contests = prompts.map((prompt, i): Contest => {
    const [a, b] = answers[i];
    return { ...contestOf(prompt, a, b), ...settled(a, b, keeping) };
  });
  const open = contests.filter((c) => c.fate === 'pair' && c.winner === undefined);
  const asked = open.map(({ prompt, a, b }) => ({ prompt: prompt.text, a: a.text, b: b.text }));
  const verdicts = await consult(judge, asked, 'decide', compare);
  open.forEach((contest, i) => {
    contest.verdict = verdicts[i];
    Object.assign(contest, outcomeOf(verdicts[i].winner, keeping.ties));
  });
  return contests;
}

/**
 * Lets the reference have its say in what the judge decided: the winner is who has the larger log p + weight x log-probability
 * under the reference (see `regularised` of @selfjudge/judging). The judge's own verdict stays what it was. What was settled
 * without the judge, and pairs without a verdict, stay settled.
 *
 * @param contests whose answers the reference has scored (`scoreContests`)
 * @returns the share of the verdicts with a winner that it turned round; NaN where there is none
 */
export function heldToReference(contests: readonly Contest[], weight: number, { ties }: Keeping): number {
  const turned: number[] = [];
  for (const contest of contests) {
    const { verdict, a, b } = contest;
    if (verdict === undefined || verdict.winner === null) continue;
    const { reference: logprobA = NaN } = a;
    const { reference: logprobB = NaN } = b;
    const { winner } = regularisedVerdict(verdict, { logprobA, logprobB }, weight);
    if (verdict.winner !== 'tie') turned.push(Number(winner !== verdict.winner));
    delete contest.winner;
    Object.assign(contest, outcomeOf(winner, ties));
  }
  return mean(turned);
}

/** What a winner by judgment means for the pair. */
function outcomeOf(winner: Verdict['winner'], ties: Keeping['ties']): Pick<Contest, 'fate' | 'winner'> {
  if (winner === 'a' || winner === 'b') return { fate: 'pair', winner };
  if (winner === 'tie' && ties === 'second') return { fate: 'pair', winner: 'b' };
  return { fate: winner ?? 'null' };
}

/** Two answers of whom nothing is known yet. */
export const contestOf = (
  prompt: TokenizedPrompt,
  a: SampledAnswer,
  b: SampledAnswer,
): Pick<Contest, 'prompt' | 'a' | 'b'> => ({
  prompt,
  a: { ...a, sequence: answerSequence(prompt.tokens, a.tokens) },
  b: { ...b, sequence: answerSequence(prompt.tokens, b.tokens) },
});

/** What can be said of two answers without a judge. */
function settled(
  a: SampledAnswer,
  b: SampledAnswer,
  { missingEos }: Keeping,
): Pick<Contest, 'fate' | 'winner'> {
  if (a.text === b.text) return { fate: 'equal' };
  const cut = { a: a.finish !== 'eos', b: b.finish !== 'eos' };
  if (missingEos === 'keep' || !(cut.a || cut.b)) return { fate: 'pair' };
  if (missingEos === 'drop' || (cut.a && cut.b)) return { fate: 'cut' };
  return { fate: 'pair', winner: cut.a ? 'b' : 'a' };
}

/** Whether an answer may be learnt from: one that was cut only where cut ones are kept. */
export const mayLearn =
  ({ missingEos }: Pick<Keeping, 'missingEos'>) =>
  ({ finish }: SampledAnswer): boolean =>
    missingEos === 'keep' || finish === 'eos';

/** The pairs to train on, winner and loser as sampled, with what the reference said of them where it was asked. */
export function preferences(contests: readonly Contest[]): TokenPair[] {
  return contests.flatMap(({ prompt, a, b, winner, fate }) => {
    if (fate !== 'pair') return [];
    const [chosen, rejected] = winner === 'a' ? [a, b] : [b, a];
    return [{ id: prompt.id, prompt: prompt.tokens, chosen, rejected }];
  });
}
