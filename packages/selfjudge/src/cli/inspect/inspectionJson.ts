import { mapKeys, snakeCase } from '../../config/index.js';
import type { Inspection } from '../../training/inspection.js';
import { tokenPieces } from './tokenPieces.js';

/** An inspection for programs: ids, texts and kinds of the tokens of the rows shown, all counts, all that is left out. */
export function inspectionJson({ tokenizer, shown, counts, leftOut, ...facts }: Inspection): object {
  return {
    ...mapKeys(facts, snakeCase),
    counts,
    shown: shown.map(({ line, parts }) => ({
      line,
      parts: parts.map(({ what, cut, problem, sequences }) => ({
        what,
        ...(problem && { left_out: problem }),
        ...(cut > 0 && { cut }),
        sequences: sequences.map((sequence) => ({
          ...sequence,
          texts: tokenPieces(tokenizer, sequence.tokens).map(({ text }) => text),
          rendered: tokenizer.decode(sequence.tokens),
        })),
      })),
    })),
    left_out: leftOut.map(({ line, what, code, reason }) => ({ line, what, code, reason })),
  };
}
