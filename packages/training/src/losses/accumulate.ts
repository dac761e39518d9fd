import { Tape, type DropoutKey, type ModelView, type Tensor, type TreeBatch } from '@selfjudge/engine';
import { tidy } from '@selfjudge/engine/internal';

/**
 * One forward and backward of a tree: adds to the gradients of the view's trained parameters.
 *
 * @param gradient d loss / d logp, one for each label triple of the tree: known ahead (cross-entropy: minus the
 *   weight), or a function of the log-probabilities (preference losses), which costs a wait in between.
 * @returns the natural log-probability of each label triple.
 */
export async function accumulate(
  view: ModelView,
  tree: TreeBatch,
  gradient: Float32Array | ((logp: Float32Array) => Float32Array),
  dropout?: DropoutKey,
): Promise<Float32Array> {
  const tape = new Tape();
  let logp: Tensor | undefined;
  try {
    logp = tape.run(() => tidy(() => view.logprobs(tree, { dropout })));
    if (typeof gradient !== 'function') {
      tape.backward(logp, gradient);
      return (await logp.read()) as Float32Array;
    }
    const values = (await logp.read()) as Float32Array;
    tape.backward(logp, gradient(values));
    return values;
  } finally {
    tape.dispose();
    logp?.dispose();
  }
}
