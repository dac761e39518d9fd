import { answeredIds, refusable } from '@selfjudge/data/internal';
import type { RewardModel } from '@selfjudge/engine';
import { plan } from '@selfjudge/engine/internal';
import type { Tokenizer, TreeSequence } from '@selfjudge/text';
import { scorerBy, type ScoredAnswer, type Scorer } from './scorer.js';

interface Group {
  sequences: TreeSequence[];
  /** Of each sequence, the index of its answer. */
  indices: number[];
}

/**
 * A reward model as scorer: the number of its last token on prompt and answer, whole, as it was trained on them. Answers to
 * one prompt that follow one another share what they have in common. An answer has no score (NaN) where the chat template
 * refuses it, where it does not fit the model's context, and where the reward is not finite.
 *
 * @param tokenizer the reward model's own; texts are what it is given, so whoever wrote them may have another
 */
export function rewardScorer(reward: RewardModel, tokenizer: Tokenizer): Scorer {
  const limit = reward.view.model.config.maxPositions;
  return scorerBy('rewardScorer.score', async (answers, { tokenBudget = 4096, onProgress, signal }) => {
    const scores = answers.map(() => NaN);
    const groups = groupsOf(answers, (answer) => {
      const { value: tokens } = refusable(() => answeredIds(tokenizer, answer.prompt, answer.answer));
      return tokens !== undefined && tokens.length <= limit ? reward.sequence(tokens) : undefined;
    });
    let done = 0;
    for (const { batch, groups: inTree } of plan(groups, tokenBudget)) {
      signal?.throwIfAborted();
      const rewards = await reward.score(batch);
      inTree
        .flatMap(({ indices }) => indices)
        .forEach((index, i) => {
          if (Number.isFinite(rewards[i])) scores[index] = rewards[i];
        });
      done += inTree.reduce((sum, { indices }) => sum + indices.length, 0);
      onProgress?.(done, answers.length);
    }
    return scores;
  });
}

/** Neighbours that answer one prompt, with their sequences; those without one are left out. */
function groupsOf(
  answers: readonly ScoredAnswer[],
  sequenceOf: (answer: ScoredAnswer) => TreeSequence | undefined,
): Group[] {
  const groups: Group[] = [];
  let last = '';
  answers.forEach((answer, index) => {
    const sequence = sequenceOf(answer);
    if (sequence === undefined) return;
    const prompt = JSON.stringify(answer.prompt);
    const group = groups.at(-1);
    if (group !== undefined && prompt === last) {
      group.sequences.push(sequence);
      group.indices.push(index);
    } else groups.push({ sequences: [sequence], indices: [index] });
    last = prompt;
  });
  return groups;
}
