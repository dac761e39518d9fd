import type { TreeSequence } from '@selfjudge/text';
import type { Random } from './random.js';

/**
 * Sequences that pack into a tree of at least three levels: answers that share a prompt, a longer beginning or nothing,
 * some equal, some a prefix of others, one of another state, verdict candidates. Branches lie around rows 64 and 128,
 * where attention's chunks end. Every token of an answer is a label.
 */
export function branchingSequences(random: Random, vocabulary: number): TreeSequence[] {
  const ids = (length: number) => Array.from({ length }, () => random.below(vocabulary));
  const near = (length: number) => length - 2 + random.below(5);
  const answer = (before: number[], own: number[], state = 0): TreeSequence => {
    const tokens = [...before, ...own];
    return { tokens, targets: [[before.length, tokens.length]], state };
  };
  const prompt = ids(near(64));
  const middle = ids(1 + random.below(4));
  const long = ids(near(128) - prompt.length - middle.length);
  const child = answer(prompt, ids(1 + random.below(9)));
  const beginning = [...prompt, ...middle];
  const deep = [...beginning, ...long];
  return shuffled(random, [
    child,
    { ...child },
    { ...child, state: 1 },
    answer(prompt, ids(1 + random.below(9))),
    answer(prompt, middle),
    answer(prompt, [...middle, ...ids(4)]),
    answer(beginning, ids(1 + random.below(9))),
    answer(beginning, long),
    answer(deep, ids(1 + random.below(5))),
    answer(deep, ids(1 + random.below(5))),
    { ...answer(prompt, ids(2)), candidates: [{ position: prompt.length - 1, labels: ids(2) }] },
    { tokens: prompt, candidates: [{ position: prompt.length - 1, labels: ids(2) }] },
    answer(ids(1), ids(1 + random.below(9))),
  ]);
}

function shuffled<T>(random: Random, items: T[]): T[] {
  return items
    .map((item) => ({ item, at: random.uniform() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
