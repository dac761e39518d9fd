import type { ParameterSet } from '@selfjudge/engine';
import type { Random } from '@selfjudge/base';

/**
 * How far a gradient is from central differences of its loss in a few random directions: the largest difference,
 * relative to the gradient's norm, which is the size of a random direction's derivative. The parameters are left moved.
 *
 * @param check.start the parameters where `grad` was taken
 */
export async function gradientError(check: {
  set: ParameterSet;
  start: Float32Array;
  grad: Float32Array;
  loss: () => Promise<number>;
  random: Random;
}): Promise<number> {
  const { set, start, grad, loss, random } = check;
  const epsilon = 5e-4;
  const norm = Math.hypot(...grad);
  let worst = 0;
  for (let trial = 0; trial < 4; trial++) {
    const direction = start.map(() => random.normal());
    set.load(start.map((x, i) => x + epsilon * direction[i]));
    const up = await loss();
    set.load(start.map((x, i) => x - epsilon * direction[i]));
    const numeric = (up - (await loss())) / (2 * epsilon);
    const exact = grad.reduce((sum, g, i) => sum + g * direction[i], 0);
    worst = Math.max(worst, Math.abs(numeric - exact) / norm);
  }
  return worst;
}
