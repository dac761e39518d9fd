import { plan, type TreeBatch, type TreeSequence } from '@selfjudge/core';
import { completionIds, promptIds, toSftExample, type Issue, type Row } from '@selfjudge/data';
import type { OpenModel } from './model.js';

/** Log-probabilities of one completion. */
export interface Score {
  /** Sum over the completion's tokens, nats. */
  logprob: number;
  /** The completion's token ids, its end token included. */
  tokens: number[];
  /** One a token. */
  logprobs: number[];
}

interface ScoreJob {
  index: number;
  sequences: TreeSequence[];
}

/**
 * Scores rows {prompt, completion}: strings or message lists. Rows that cannot be read are reported to `onIssue` and
 * yield null, in place.
 */
export async function scoreRows(
  { view, tokenizer, model }: OpenModel,
  file: string,
  rows: readonly { line: number; value: Row }[],
  hooks: { onIssue(issue: Issue): void; onProgress?(done: number, total: number): void; tokenBudget?: number },
): Promise<(Score | null)[]> {
  const scores: (Score | null)[] = rows.map(() => null);
  const jobs: ScoreJob[] = [];
  rows.forEach(({ line, value }, index) => {
    const outcome = toSftExample(value, `${file}:${line}`);
    if (outcome.problem) return hooks.onIssue({ file, line, ...outcome.problem });
    const { messages } = outcome.value;
    const prompt = promptIds(tokenizer, messages.slice(0, -1));
    const tokens = prompt.concat(completionIds(tokenizer, messages.at(-1)!.content, { eos: true }));
    if (tokens.length > model.config.maxPositions)
      return hooks.onIssue({
        file,
        line,
        code: 'prompt-too-long',
        reason: `${tokens.length} tokens, the model's limit is ${model.config.maxPositions}`,
      });
    jobs.push({ index, sequences: [{ tokens, targets: [[prompt.length, tokens.length]] }] });
  });
  let done = rows.length - jobs.length;
  for (const { batch, groups } of plan(jobs, hooks.tokenBudget ?? 4096)) {
    const logps = await view.score(batch);
    for (const [i, score] of perSequence(batch, logps).entries()) {
      const [start] = groups[i].sequences[0].targets![0];
      scores[groups[i].index] = {
        logprob: score.reduce((sum, x) => sum + x, 0),
        tokens: Array.from(groups[i].sequences[0].tokens).slice(start),
        logprobs: score,
      };
    }
    done += groups.length;
    hooks.onProgress?.(done, rows.length);
  }
  return scores;
}

function perSequence(batch: TreeBatch, logps: Float32Array): number[][] {
  const out: number[][] = [];
  batch.labels.sequence.forEach((sequence, i) => (out[sequence] ??= []).push(logps[i]));
  return out;
}
