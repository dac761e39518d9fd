import { Tape, type DropoutKey, type ModelView, type Tensor, type TreeBatch } from '@selfjudge/engine';
import { tidy } from '@selfjudge/engine/internal';

/** Of what was computed, d loss / d each: known ahead, or a function of it, which costs a wait in between. */
type Gradient = Float32Array | ((values: Float32Array) => Float32Array);

/**
 * One forward and backward of a tree: adds to the gradients of the view's trained parameters.
 *
 * @param gradient d loss / d logp, one for each label triple of the tree: known ahead (cross-entropy: minus the
 *   weight), or a function of the log-probabilities (preference losses)
 * @returns the natural log-probability of each label triple.
 */
export async function accumulate(
  view: ModelView,
  tree: TreeBatch,
  gradient: Gradient,
  dropout?: DropoutKey,
): Promise<Float32Array> {
  return backpropagate(() => view.logprobs(tree, { dropout }), gradient);
}

/**
 * Runs `forward` and adds the gradient of a loss of its values to what is trained.
 *
 * @param forward synchronous; a float32 vector that something trained led to
 * @returns the vector on the host
 */
export async function backpropagate(forward: () => Tensor, gradient: Gradient): Promise<Float32Array> {
  const tape = new Tape();
  let output: Tensor | undefined;
  try {
    output = tape.run(() => tidy(forward));
    if (typeof gradient !== 'function') {
      tape.backward(output, gradient);
      return (await output.read()) as Float32Array;
    }
    const values = (await output.read()) as Float32Array;
    tape.backward(output, gradient(values));
    return values;
  } finally {
    tape.dispose();
    output?.dispose();
  }
}
