import type { ModelView, RewardModel, SequenceGroup } from '@selfjudge/engine';
import { plan, WHOLE, type Leaves } from '@selfjudge/engine/internal';
import { Means, type Metrics } from '../metrics/means.js';
import type { PpoLossOptions } from '../options/ppo.js';
import { answerSequence } from '../pairs/tokenPair.js';
import { accumulate, backpropagate } from './accumulate.js';
import { policyTerm, valueTerm } from './ppoLoss.js';
import type { Estimates, Rollout } from './ppoRewards.js';

/** An answer to learn from. */
export interface Episode extends Rollout, Estimates {
  id: string;
  prompt: number[];
  /** As sampled. */
  tokens: number[];
}

/** Prompt and answer with the states that have a value: before each token, and behind the last where `states` says so. */
export function statesSequence(prompt: number[], answer: number[], states: number) {
  const hidden = Array.from({ length: states }, (_, t) => prompt.length - 1 + t);
  return { tokens: prompt.concat(answer), hidden };
}

/** States of an answer that have a value; see `Rollout.values`. */
export const statesOf = (tokens: number, maxNewTokens: number): number =>
  tokens < maxNewTokens ? tokens + 1 : tokens;

/**
 * Adds the gradient of one mini-batch: of the policy's loss, the mean over its tokens, and of `vf_coef` times the value loss, the
 * mean over its states.
 *
 * @returns `policy`, `clipfrac`, `approxkl` (half the mean of squared log ratios), `ratio`: means over tokens; `value` and
 *   `valueClipfrac`: over states; `difference`: the largest of any log-probability to the one it was sampled with
 */
export async function ppoBackward(
  { policy, values }: { policy: ModelView; values: RewardModel },
  episodes: readonly Episode[],
  options: PpoLossOptions & { tokenBudget: number },
  { signal, leaves = WHOLE }: { signal?: AbortSignal; leaves?: Leaves } = {},
): Promise<Metrics> {
  const { cliprange, cliprangeValue, vfCoef, tokenBudget } = options;
  const tokens = episodes.reduce((sum, { tokens: { length } }) => sum + length, 0);
  const states = episodes.reduce((sum, { returns: { length } }) => sum + length, 0);
  const said = await leaves.each(episodes, async (slice) => {
    const means = new Means();
    let difference = 0;

    const answers = slice.map((episode) => groupOf(episode, answerSequence(episode.prompt, episode.tokens)));
    for (const { batch, groups } of plan(answers, tokenBudget)) {
      signal?.throwIfAborted();
      const { sequence, position } = batch.labels;
      await accumulate(policy, batch, (logprobs) =>
        logprobs.map((logp, i) => {
          const { prompt, logprobs: old, advantages } = groups[sequence[i]].episode;
          const t = position[i] - prompt.length;
          const term = policyTerm(logp, old[t], advantages[t], cliprange);
          const moved = logp - old[t];
          difference = Math.max(difference, Math.abs(moved));
          means.add('policy', term.value);
          means.add('clipfrac', Number(term.clipped));
          means.add('approxkl', moved ** 2 / 2);
          means.add('ratio', Math.exp(moved));
          return term.slope / tokens;
        }),
      );
    }

    const ofStates = slice.map((episode) =>
      groupOf(episode, statesSequence(episode.prompt, episode.tokens, episode.returns.length)),
    );
    for (const { batch, groups } of plan(ofStates, tokenBudget)) {
      signal?.throwIfAborted();
      const { sequence, position } = batch.hidden;
      await backpropagate(
        () => values.rewards(batch),
        (now) =>
          now.map((value, i) => {
            const { prompt, values: old, returns } = groups[sequence[i]].episode;
            const t = position[i] - (prompt.length - 1);
            const term = valueTerm(value, old[t], returns[t], cliprangeValue);
            means.add('value', term.value);
            means.add('valueClipfrac', Number(term.clipped));
            return (vfCoef * term.slope) / states;
          }),
      );
    }
    return { means: means.parts(), difference };
  });
  return {
    ...new Means().merge(said.map(({ means }) => means)).all(),
    difference: Math.max(...said.map((slice) => slice.difference)),
  };
}

interface EpisodeGroup extends SequenceGroup {
  episode: Episode;
}

const groupOf = (episode: Episode, sequence: SequenceGroup['sequences'][number]): EpisodeGroup => ({
  episode,
  sequences: [sequence],
});
