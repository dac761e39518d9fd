import { ArgumentError, Random } from '@selfjudge/base';
import { mean } from '@selfjudge/base/internal';
import { assertFinished, sharedAnswers } from '@selfjudge/engine/internal';
import { judgeRewards } from '@selfjudge/judging/internal';
import { decide, mayLearn, sampling, type Contest, type TokenizedPrompt } from '../pairs/contest.js';
import { pairsAmong, rankedPairs } from '../pairs/ranked.js';
import { rejectionSample } from '../pairs/rejection.js';
import type { StepContext } from '../loop/trainingTask.js';
import type { PairSource } from './pairSource.js';
import type { RsoRun } from './rsoRun.js';

/** What is known of a prompt once it was asked about. */
interface Ranked {
  contests: Contest[];
  /** Of the candidates, and of those that were accepted. */
  rewards: number[];
  accepted: number[];
}

/** Of the stream that accepts and shuffles: apart from those of data order. */
const REJECTION = 0x50f7;

/**
 * The pairs of RSO (arXiv 2309.06657). The frozen start draws `numGenerations` answers a prompt, and one more that a judge
 * compares them with; the ranker gives each a reward (`judgeRewards`); `numSamples` are accepted (`rejectionSample`), paired, and
 * the pairs labelled by the ranker. Answers without an end token are candidates with `missingEos: keep` alone, those
 * without a reward never.
 *
 * Example i is pair i mod m of prompt i div m, m the most pairs that a prompt can give; one that gives fewer leaves some
 * examples empty. All of it is a function of seed, start and ranker: a prompt is drawn when a step first needs it, and
 * again by a run that goes on.
 */
export function rsoPairs(prompts: readonly TokenizedPrompt[], run: RsoRun): PairSource {
  const { numGenerations, numSamples, pairing } = run.options;
  if (numSamples > numGenerations)
    throw new ArgumentError('numSamples', {
      where: 'rso',
      expected: `at most numGenerations, ${numGenerations}`,
      received: numSamples,
    });
  const each = pairsAmong(numSamples, pairing);
  const known = new Map<number, Ranked>();
  return {
    verb: 'rso',
    length: prompts.length * each,
    answers: numGenerations + 1,
    isOwn: false,
    promptOf: (example) => prompts[Math.floor(example / each)],
    async draw(examples, at) {
      const indices = examples.map((example) => Math.floor(example / each));
      const fresh = [...new Set(indices)].filter((index) => !known.has(index));
      const ranked = await rank(prompts, fresh, run, at);
      fresh.forEach((index, i) => known.set(index, ranked[i]));
      const all = indices.map((index) => known.get(index)!);
      return {
        contests: all.flatMap(({ contests }, i) => contests.slice(examples[i] % each).slice(0, 1)),
        metrics: rewardMetrics(all),
      };
    },
  };
}

async function rank(
  prompts: readonly TokenizedPrompt[],
  indices: readonly number[],
  { trainable, judge, tokenizer, options }: RsoRun,
  at: StepContext,
): Promise<Ranked[]> {
  const { numGenerations, numSamples, rejectionBeta, pairing, seed, tokenBudget } = options;
  const asked = indices.map((index) => prompts[index]);
  const compare = { tokenBudget, signal: at.signal };
  const drawn = await sharedAnswers(
    at.leaves?.ranks,
    trainable.reference,
    tokenizer,
    asked.map(({ tokens }) => tokens),
    {
      ...sampling(options, tokenizer),
      count: numGenerations + 1,
      firstSequences: indices.map((index) => index * (numGenerations + 1)),
      signal: at.signal,
    },
  );
  assertFinished(drawn);
  await at.profile?.lap('generate');
  const candidates = drawn.map((answers) => answers.slice(0, numGenerations).filter(mayLearn(options)));
  const rewards = await judgeRewards(
    judge,
    asked.map(({ text }, i) => ({
      prompt: text,
      answers: candidates[i].map((answer) => answer.text),
      against: drawn[i][numGenerations].text,
    })),
    compare,
  );
  const entries = asked.map((prompt, i) => {
    const random = new Random(seed + REJECTION, indices[i]);
    const whole = candidates[i]
      .map((answer, c) => ({ answer, reward: rewards[i][c] }))
      .filter(({ reward }) => Number.isFinite(reward));
    const of = whole.map(({ reward }) => reward);
    const accepted = rejectionSample(of, { count: numSamples, beta: rejectionBeta }, random);
    return { prompt, random, answers: accepted.map((c) => whole[c].answer), of, accepted };
  });
  const contests = await rankedPairs(entries, pairing, (ofPrompts, pairs) =>
    decide(ofPrompts, pairs, judge, options, compare),
  );
  await at.profile?.lap('judge');
  return entries.map(({ of, accepted }, i) => ({
    contests: contests[i],
    rewards: of,
    accepted: accepted.map((c) => of[c]),
  }));
}

/** Means over the examples of a step. */
function rewardMetrics(all: readonly Ranked[]) {
  const ranked = all.filter(({ rewards }) => rewards.length > 0);
  return {
    'rso/candidates': mean(all.map(({ rewards }) => rewards.length)),
    'rso/accepted': mean(all.map(({ accepted }) => accepted.length)),
    ...(ranked.length > 0 && {
      'rso/reward_candidates': mean(ranked.map(({ rewards }) => mean(rewards))),
      'rso/reward_accepted': mean(ranked.map(({ accepted }) => mean(accepted))),
    }),
  };
}
