import type { SampledAnswer } from '@selfjudge/engine';
import type { Tokenizer } from '@selfjudge/text';
import {
  check,
  list,
  optional,
  options as optionsOf,
  abortSignal,
  limit,
  tuple,
} from '@selfjudge/base/checks';
import { tokenizer as isTokenizer } from '@selfjudge/text/checks';
import type { Text } from '@selfjudge/data';
import type { CompareOptions, JudgePair, Verdict } from '@selfjudge/judging';
import {
  isContest,
  isJudge,
  isSampledAnswer,
  isSettled,
  isTokenizedPrompt,
  missingEos as isMissingEos,
  samplingOptions,
  sums,
} from './checks.js';
import type { MissingEos, SelfTrainingOptions } from './options.js';
import type { TokenPair } from './preferenceUpdate.js';

/** Whoever says which of two answers is better: the frozen start in self-training. */
export interface PairJudge {
  compare(pairs: readonly JudgePair[], options?: CompareOptions): Promise<Verdict[]>;
}

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

export interface Contest {
  prompt: TokenizedPrompt;
  a: SampledAnswer;
  b: SampledAnswer;
  fate: Fate;
  winner?: 'a' | 'b';
  /** Absent where the judge was not asked. */
  verdict?: Verdict;
}

const isPrompts = list(isTokenizedPrompt);
const decideArguments = {
  judge: isJudge,
  missingEos: isMissingEos,
  compare: optionsOf({ tokenBudget: optional(limit), signal: optional(abortSignal) }),
  prompts: isPrompts,
};

/** How answers are sampled in training; the tokenizer says what ends a turn. */
export function sampling(options: SelfTrainingOptions, tokenizer: Tokenizer) {
  check('sampling', { options, tokenizer }, { options: samplingOptions, tokenizer: isTokenizer });
  const { maxNewTokens, temperature, topP, topK, seed } = options;
  return { maxNewTokens, temperature, topP, topK, seed, eos: tokenizer.eos };
}

/** Settles every pair of answers, asking the judge only where its word can matter. */
export async function decide(
  prompts: TokenizedPrompt[],
  answers: [a: SampledAnswer, b: SampledAnswer][],
  judge: PairJudge,
  missingEos: MissingEos,
  compare: CompareOptions = {},
): Promise<Contest[]> {
  check('decide', { judge, missingEos, compare, prompts }, decideArguments);
  check('decide', { answers }, { answers: list(tuple(isSampledAnswer, isSampledAnswer), prompts.length) });
  const contests = prompts.map((prompt, i): Contest => {
    const [a, b] = answers[i];
    return { prompt, a, b, ...settled(a, b, missingEos) };
  });
  const open = contests.filter((c) => c.fate === 'pair' && c.winner === undefined);
  const verdicts = await judge.compare(
    open.map(({ prompt, a, b }) => ({ prompt: prompt.text, a: a.text, b: b.text })),
    compare,
  );
  open.forEach((contest, i) => {
    const { winner } = verdicts[i];
    contest.verdict = verdicts[i];
    if (winner === 'a' || winner === 'b') contest.winner = winner;
    else contest.fate = winner ?? 'null';
  });
  return contests;
}

/** What can be said of two answers without a judge. */
function settled(
  a: SampledAnswer,
  b: SampledAnswer,
  missingEos: MissingEos,
): Pick<Contest, 'fate' | 'winner'> {
  if (a.text === b.text) return { fate: 'equal' };
  const cut = { a: a.finish !== 'eos', b: b.finish !== 'eos' };
  if (missingEos === 'keep' || !(cut.a || cut.b)) return { fate: 'pair' };
  if (missingEos === 'drop' || (cut.a && cut.b)) return { fate: 'cut' };
  return { fate: 'pair', winner: cut.a ? 'b' : 'a' };
}

/** The pairs to train on, winner and loser as sampled. */
export function preferences(contests: Contest[], referenceSums: [a: number, b: number][]): TokenPair[] {
  check('preferences', { contests }, { contests: list(isContest) });
  check('preferences', { contests }, { contests: list(isSettled) });
  check('preferences', { referenceSums }, { referenceSums: sums(contests.length) });
  return contests.flatMap(({ prompt, a, b, winner, fate }, i) => {
    if (fate !== 'pair') return [];
    const both = {
      a: { tokens: a.tokens, logprobs: a.logprobs, reference: referenceSums[i][0] },
      b: { tokens: b.tokens, logprobs: b.logprobs, reference: referenceSums[i][1] },
    };
    const [chosen, rejected] = winner === 'a' ? [both.a, both.b] : [both.b, both.a];
    return [{ id: prompt.id, prompt: prompt.tokens, chosen, rejected }];
  });
}
