/** A term of a clipped loss, its derivative, and whether clipping made it larger. */
export interface ClippedTerm {
  value: number;
  slope: number;
  clipped: boolean;
}

/**
 * What one token adds to the policy's loss (arXiv 1707.06347, equation 7, negated): the larger of -A r and -A clip(r), r = pi / pi_old.
 * @param logp under the policy as it is, @param old under the one that sampled, nats
 * @returns the slope by `logp`
 */
export function policyTerm(logp: number, old: number, advantage: number, cliprange: number): ClippedTerm {
  const ratio = Math.exp(logp - old);
  const free = -advantage * ratio;
  const held = -advantage * clamp(ratio, 1 - cliprange, 1 + cliprange);
  return held > free
    ? { value: held, slope: 0, clipped: true }
    : { value: free, slope: free, clipped: false };
}

/**
 * What one state adds to the value loss: half the larger of both squared errors, of the value and of the value held within
 * `cliprange` of what it was (TRL's `vf_loss`).
 * @returns the slope by `value`
 */
export function valueTerm(value: number, old: number, wanted: number, cliprange: number): ClippedTerm {
  const held = clamp(value, old - cliprange, old + cliprange);
  const [free, clipped] = [(value - wanted) ** 2, (held - wanted) ** 2];
  // A value that is held cannot move.
  return clipped > free
    ? { value: clipped / 2, slope: 0, clipped: true }
    : { value: free / 2, slope: value - wanted, clipped: false };
}

const clamp = (x: number, least: number, most: number): number => Math.min(Math.max(x, least), most);
