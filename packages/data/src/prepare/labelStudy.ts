import type { Row } from '../convert.js';
import type { Said } from '../said.js';
import { firstUserTurn, hashFraction } from '../split.js';

export interface LabelStudy {
  /** The chance of each row, from 0 to 1, to have its label turned; column `label_flipped` says whether it was. */
  labelNoise?: number;
  /** Whose labels they are, in words of one's own: column `label_source` of rows that have none. */
  labelSource?: string;
  /** Keys the draws. */
  seed: number;
}

/**
 * A row as a study of labels has it. Whether a label is turned depends on the seed, the question and the answers alone: not on other rows
 * or their order, and what is turned at a smaller chance is turned at a larger one.
 *
 * @returns with `isFlipped`, undefined where there is no label to turn (a tie, an example, a prompt)
 */
export function studied(
  row: Row,
  said: Said,
  { labelNoise = 0, labelSource, seed }: LabelStudy,
): { row: Row; isFlipped?: boolean } {
  const sourced = labelSource === undefined ? row : { ...row, label_source: row.label_source ?? labelSource };
  if (labelNoise === 0) return { row: sourced };
  const turned = turnedOf(sourced, said);
  if (turned === undefined) return { row: sourced };
  const texts = said.answers.map(({ text }) => text).sort();
  const isFlipped = hashFraction(JSON.stringify([seed, firstUserTurn(said.prompt), texts])) < labelNoise;
  return { row: { ...(isFlipped ? turned : sourced), label_flipped: isFlipped }, isFlipped };
}

/** The row with the other label. Rationales stay with the answers that they are of; labels by principle are turned too. */
function turnedOf(row: Row, { kind, label }: Said): Row | undefined {
  if (kind === 'labelled') return { ...row, label: row.label !== true };
  if (kind === 'judgments' && label !== 'tie') return { ...row, winner: label === 'a' ? 'b' : 'a' };
  if (kind !== 'preferences') return undefined;
  const { chosen, rejected, rationales } = row;
  return {
    ...row,
    chosen: rejected,
    rejected: chosen,
    ...(typeof rationales === 'object' &&
      rationales !== null && { rationales: turnedRationales(rationales) }),
  };
}

const turnedRationales = (rationales: object): object =>
  Object.fromEntries(
    Object.entries(rationales as Record<string, string | { chosen: string; rejected: string }>).map(
      ([principle, why]) => [
        principle,
        typeof why === 'string' ? why : { chosen: why.rejected, rejected: why.chosen },
      ],
    ),
  );
