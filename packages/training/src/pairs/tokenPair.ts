import type { TreeSequence } from '@selfjudge/text';

/** Two answers to one prompt as token ids, trained on exactly as they are. */
export interface TokenPair {
  id: string;
  prompt: number[];
  chosen: Answer;
  rejected: Answer;
}

export interface Answer {
  /** At least one; the end token is here when the answer has one, and only then. */
  tokens: number[];
  /** Sum of the reference's log-probabilities, when it is known already. */
  reference?: number;
  /** Prompt and answer as they go into a tree, where somebody made it already. */
  sequence?: TreeSequence;
  /** What the sampler said of each token, to be compared with the policy's own. */
  logprobs?: Float32Array;
}

/** Prompt and answer as a sequence whose targets are the answer. */
export function answerSequence(prompt: number[], answer: number[]): TreeSequence {
  const tokens = prompt.concat(answer);
  return { tokens, targets: [[prompt.length, tokens.length]] };
}

/** Both sides of a pair, as they share a tree. */
export const bothAnswers = ({
  prompt,
  chosen,
  rejected,
}: TokenPair): [chosen: TreeSequence, rejected: TreeSequence] => [
  chosen.sequence ?? answerSequence(prompt, chosen.tokens),
  rejected.sequence ?? answerSequence(prompt, rejected.tokens),
];
