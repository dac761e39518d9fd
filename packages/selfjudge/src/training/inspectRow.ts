import type { Outcome, Problem, PromptFormat, Row, Text } from '@selfjudge/data';
import {
  refusable,
  toAnswerPair,
  toLabelledRow,
  toPreferencePair,
  toPromptRow,
  toSftExample,
} from '@selfjudge/data/internal';
import type { JudgeTemplate } from '@selfjudge/judging';
import { askedAbout, QuestionFormat } from '@selfjudge/judging/internal';
import type { Tokenizer, TreeSequence } from '@selfjudge/text';
import {
  METHODS,
  type Method,
  type MethodRows,
  type ShownPart,
  type ShownSequence,
} from '@selfjudge/training';
import { shownOrder } from '@selfjudge/training/internal';
import type { TrainingVerb } from '../config/index.js';
import { promptOfRow } from '../rows/datasets.js';

/** The verbs whose reading of rows can be looked at. */
export type ReadAs = TrainingVerb | 'judge';

export interface RowReader {
  tokenizer: Tokenizer;
  template: JudgeTemplate;
  /** Every one of the method's, with lengths that the model takes; none of `judge`. */
  options: Record<string, unknown>;
  maxPositions: number;
  /** What a string prompt is. */
  promptFormat: PromptFormat;
}

export interface InspectedRow {
  /** Absent where the row's columns are not the verb's. */
  prompt?: Text;
  parts: ShownPart[];
}

type AnyRow = MethodRows[keyof MethodRows][number];
type Convert = (row: Row, id: string, options: { promptFormat: PromptFormat }) => Outcome<AnyRow>;

/** Of each kind of rows, how one is read, and what a usable one is called. */
const KINDS: Record<keyof MethodRows, { what: string; convert: Convert }> = {
  examples: { what: 'example', convert: toSftExample },
  preferences: { what: 'pair', convert: toPreferencePair },
  labelled: { what: 'answer', convert: toLabelledRow },
  prompts: { what: 'prompt', convert: toPromptRow },
};

/** The examples of one row, made by the functions that the verb makes them with. */
export function inspectRow(as: ReadAs, row: Row, id: string, reader: RowReader): InspectedRow {
  if (as === 'judge') return judgedRow(row, reader);
  const method: Method = METHODS[as];
  const { what, convert } = KINDS[method.rows];
  const { value, problem } = convert(row, id, reader);
  if (problem) return { parts: [leftOut(what, problem)] };
  const { tokenizer, options, template } = reader;
  const parts = method.show({ row: value, options, tokenizer, judgeTemplate: () => template });
  return { prompt: promptOfRow(value), parts };
}

const QUESTION = 'question';

function judgedRow(row: Row, reader: RowReader): InspectedRow {
  const { tokenizer, template, maxPositions } = reader;
  const { value, problem } = toAnswerPair(row, reader);
  if (problem) return { parts: [leftOut(QUESTION, problem)] };
  const { prompt, completions } = value;
  const [a, b] = completions;
  const { value: asked, problem: refused } = refusable(() =>
    askedAbout(QuestionFormat.of(template, tokenizer), { prompt, a, b }),
  );
  if (refused) return { prompt, parts: [leftOut(QUESTION, refused)] };
  const sequences = asked.map(({ sequence }, i) => questionOf(sequence, shownOrder(i)));
  const longest = Math.max(...sequences.map(({ tokens }) => tokens.length));
  if (longest <= maxPositions) return { prompt, parts: [{ what: QUESTION, sequences, cut: 0 }] };
  const reason = `the judge's prompt is longer than the model's limit of ${maxPositions} tokens`;
  return { prompt, parts: [leftOut(QUESTION, { code: 'prompt-too-long', reason })] };
}

const leftOut = (what: string, problem: Problem): ShownPart => ({ what, sequences: [], cut: 0, problem });

function questionOf({ tokens, candidates }: TreeSequence, name: string): ShownSequence {
  const ids = Array.from(tokens);
  return {
    name,
    tokens: ids,
    kinds: ids.map(() => 'prompt'),
    verdicts: candidates?.flatMap(({ labels }) => labels),
  };
}
