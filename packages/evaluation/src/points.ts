/** Which of two answers is better, or neither. */
export type Better = 'a' | 'b' | 'tie';

/** What a verdict on a labelled pair is worth: 1 for the label, 0.5 where one of both is a tie and the other is not, else 0. */
export const pointsOf = (winner: Better, label: Better): number =>
  winner === label ? 1 : winner === 'tie' || label === 'tie' ? 0.5 : 0;
