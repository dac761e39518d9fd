import { plan } from '@selfjudge/engine/internal';
import type { TreeSequence } from '@selfjudge/text';
import type { Problem, SftExample } from '@selfjudge/data';
import { sftSequence } from '@selfjudge/data/internal';
import type { OpenModel } from '../models/model.js';
import type { InputRow } from '../rows/rows.js';

/** Log-probabilities of one completion. */
export interface Score {
  /** Sum over the completion's tokens, nats. */
  logprob: number;
  /** The completion's token ids, its end token included. */
  tokens: number[];
  /** One a token. */
  logprobs: number[];
}

export interface ScoreOptions {
  /** Rows of one tree at most: memory, not results, depends on it. Default 4096. */
  tokenBudget?: number;
  onProgress?(done: number, total: number): void;
  /** Ends the work after the tree under way; the call rejects with the signal's reason. */
  signal?: AbortSignal;
}

const NOT_FINITE: Problem = {
  code: 'not-finite',
  reason: 'the log-probability is not a finite number: weights or activations are not, or overflow',
};

/** Scores the last answer of each conversation. A row that cannot be used, or does not fit the model, is an issue. */
export async function scoreRows(
  { view, tokenizer, model }: OpenModel,
  rows: readonly InputRow<SftExample>[],
  { tokenBudget = 4096, onProgress, signal }: ScoreOptions = {},
): Promise<InputRow<Score>[]> {
  const scores: InputRow<Score>[] = [];
  const jobs: { index: number; line: number; sequences: [TreeSequence]; start: number }[] = [];
  const limit = model.config.maxPositions;
  for (const [index, { line, value, problem }] of rows.entries()) {
    if (problem !== undefined) {
      scores[index] = { line, problem };
      continue;
    }
    const tokenised = sftSequence(tokenizer, value);
    if (tokenised.problem !== undefined) {
      scores[index] = { line, problem: tokenised.problem };
      continue;
    }
    const { sequence } = tokenised.value;
    const { length } = sequence.tokens;
    if (length <= limit) jobs.push({ index, line, sequences: [sequence], start: sequence.targets![0][0] });
    else {
      const reason = `prompt and completion have ${length} tokens, the model's limit is ${limit}`;
      scores[index] = { line, problem: { code: 'prompt-too-long', reason } };
    }
  }
  let done = rows.length - jobs.length;
  for (const { batch, groups } of plan(jobs, tokenBudget)) {
    signal?.throwIfAborted();
    const logps = await view.score(batch);
    const logprobs = groups.map((): number[] => []);
    batch.labels.sequence.forEach((sequence, i) => logprobs[sequence].push(logps[i]));
    groups.forEach(({ index, line, sequences: [{ tokens }], start }, i) => {
      const logprob = logprobs[i].reduce((sum, x) => sum + x, 0);
      const value = { logprob, tokens: Array.from(tokens).slice(start), logprobs: logprobs[i] };
      scores[index] = Number.isFinite(logprob) ? { line, value } : { line, problem: NOT_FINITE };
    });
    done += groups.length;
    onProgress?.(done, rows.length);
  }
  return scores;
}
