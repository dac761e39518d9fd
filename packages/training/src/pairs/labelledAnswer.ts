/** An answer to a prompt as token ids, and whether it is wanted. */
export interface LabelledAnswer {
  id: string;
  prompt: number[];
  /** At least one; the end token is here when the answer has one, and only then. */
  answer: number[];
  label: boolean;
}
