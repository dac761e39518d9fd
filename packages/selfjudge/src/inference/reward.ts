import type { Problem, SftExample } from '@selfjudge/data';
import { promptOfExample } from '@selfjudge/data/internal';
import type { CompareOptions, Scorer } from '@selfjudge/judging';
import type { InputRow } from '../rows/rows.js';

const NO_REWARD: Problem = {
  code: 'not-finite',
  reason:
    'no reward: the chat template refuses the row, it is longer than the context, or the number is not finite',
};

/** What a reward model gives the last answer of each conversation. A row that has none is an issue. */
export async function rewardRows(
  { scorer }: { scorer: Scorer },
  rows: readonly InputRow<SftExample>[],
  options: CompareOptions = {},
): Promise<InputRow<number>[]> {
  const answers = rows.flatMap(({ value }) =>
    value === undefined ? [] : [{ prompt: promptOfExample(value), answer: answerOf(value) }],
  );
  const rewards = (await scorer.score(answers, options)).values();
  return rows.map(({ line, problem }) => {
    if (problem !== undefined) return { line, problem };
    const reward = rewards.next().value as number;
    return Number.isNaN(reward) ? { line, problem: NO_REWARD } : { line, value: reward };
  });
}

function answerOf(example: SftExample): string {
  if (!('messages' in example)) return example.completion;
  const { content } = example.messages[example.messages.length - 1];
  return Array.isArray(content) ? content.map(({ text }) => text).join('') : (content ?? '');
}
