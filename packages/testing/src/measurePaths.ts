import type { SamplingOptions } from '@selfjudge/engine';
import type { ModelView } from '@selfjudge/engine';
import { enqueue } from '@selfjudge/engine/internal';
import { gatherRows } from '@selfjudge/engine';
import { linearSample } from '@selfjudge/engine';
import { tidy } from '@selfjudge/engine';
import { Tensor } from '@selfjudge/engine';
import { TreeBatch } from '@selfjudge/engine';

/** A prompt with its answer, and the two ids a verdict chooses between after its last token. */
export interface Path {
  tokens: number[];
  /** Where the answer begins. */
  answer: number;
  verdicts: [number, number];
  /** Keys the draws. */
  sequence: number;
}

/** All that is computed for one path. */
export interface Measured {
  /** Of each answer token, then of the two verdicts. */
  logp: Float32Array;
  /** Log-sum-exp of the logits that each of them was taken from. */
  lse: Float32Array;
  /** The ids drawn at each answer token, with their log-probability under what was drawn from. */
  drawn: number[];
  samplingLogp: Float32Array;
  /** [answer tokens, hiddenSize]: the rows the answer is predicted from. */
  hidden: Float32Array;
}

/** Rows of one call of linearSample. */
const ROWS = 128;

/** Prefills the paths as one prefix tree and takes everything that answers and verdicts need from it. */
export async function measure(
  view: ModelView,
  paths: readonly Path[],
  sampling: SamplingOptions,
): Promise<Measured[]> {
  const { device, head, config } = view.model;
  const batch = TreeBatch.from(
    paths.map(({ tokens, answer, verdicts }) => ({
      tokens,
      targets: [[answer, tokens.length]],
      candidates: [{ position: tokens.length - 1, labels: verdicts }],
    })),
  );
  const { row, label, sequence, position } = batch.labels;
  const answers = paths.map(({ tokens, answer }) => tokens.length - answer);
  // Labels of answers, without those of verdicts.
  const drawnAt = Array.from(label.keys()).filter((i) => position[i] < paths[sequence[i]].tokens.length);
  const made = tidy(() => {
    const ints = (values: Int32Array, shape = [values.length]) => Tensor.from(device, values, shape);
    const hidden = view.hidden(batch);
    const inputs = [hidden, head.packed, ints(row), ints(label)];
    const [logp, lse] = enqueue('linear_logprob', inputs) as [Tensor, Tensor];
    const rows = gatherRows(hidden, ints(Int32Array.from(drawnAt, (i) => row[i])));
    const draws: Tensor[] = [];
    for (let at = 0; at < drawnAt.length; at += ROWS) {
      const part = drawnAt.slice(at, at + ROWS);
      const keys = part.flatMap((i) => [paths[sequence[i]].sequence, position[i]]);
      const some = gatherRows(rows, ints(Int32Array.from(part, (_, i) => at + i)));
      const { tokens, samplingLogp } = linearSample(
        some,
        head,
        ints(Int32Array.from(keys), [part.length, 2]),
        sampling,
      );
      draws.push(tokens, samplingLogp);
    }
    return [logp, lse, rows, ...draws];
  });
  const [logp, lse, rows, ...draws] = await Promise.all(made.map((tensor) => tensor.read()));
  for (const tensor of made) tensor.dispose();
  const tokens = draws.filter((_, i) => i % 2 === 0).flatMap((part) => Array.from(part));
  const samplingLogp = Float32Array.from(
    draws.filter((_, i) => i % 2 === 1).flatMap((part) => Array.from(part)),
  );

  let labelAt = 0;
  let answerAt = 0;
  return answers.map((count) => {
    const labels = [labelAt, (labelAt += count + 2)] as const;
    const own = [answerAt, (answerAt += count)] as const;
    return {
      logp: logp.slice(...labels) as Float32Array,
      lse: Float32Array.from(label.subarray(...labels), (_, i) => lse[row[labels[0] + i]]),
      drawn: tokens.slice(...own),
      samplingLogp: samplingLogp.slice(...own),
      hidden: rows.slice(own[0] * config.hiddenSize, own[1] * config.hiddenSize) as Float32Array,
    };
  });
}
