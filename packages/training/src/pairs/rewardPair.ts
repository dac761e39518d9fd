/** Two answered prompts as whole token sequences, of which a reward model is to score the first higher. */
export interface RewardPair {
  id: string;
  /** At least one token. */
  chosen: number[];
  rejected: number[];
  /** By how much. All pairs of a run have one, or none. */
  margin?: number;
}
