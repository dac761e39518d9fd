import type { Message } from '@selfjudge/text';

import type { Row } from '../convert.js';
import { readMessages } from '../messages.js';
import type { Outcome } from '../problem.js';
import { problem } from '../problem.js';
import { areTexts, question, wrong } from './columns.js';

type Winner = 'a' | 'b' | 'tie';

const judged = (
  id: unknown,
  prompt: unknown,
  completions: readonly unknown[],
  winner: Winner,
): Outcome<Row> => ({
  value: { id, prompt, completions, winner },
});

/** PandaLM's test set: three people's verdicts, 1, 2 or 0 for a tie. What two of them say holds. */
export const pandaLm = {
  columns: ['instruction', 'response1', 'response2', 'annotator1'],
  read({
    idx,
    instruction,
    input,
    response1,
    response2,
    annotator1,
    annotator2,
    annotator3,
  }: Row): Outcome<Row> {
    if (!areTexts(instruction, response1, response2))
      return wrong('texts in instruction, response1 and response2', [instruction, response1, response2]);
    const verdicts = [annotator1, annotator2, annotator3];
    if (!verdicts.every((verdict) => verdict === 0 || verdict === 1 || verdict === 2))
      return wrong('verdicts of 0, 1 or 2 in annotator1 to annotator3', verdicts);
    const agreed = [0, 1, 2].find((verdict) => verdicts.filter((one) => one === verdict).length >= 2);
    if (agreed === undefined) return problem('no-verdict', 'the three verdicts are three different ones');
    return judged(
      idx,
      question(instruction, input),
      [response1, response2],
      (['tie', 'a', 'b'] as const)[agreed],
    );
  },
};

/** LLMBar: `{input, output_1, output_2, label}`, the label 1 or 2. */
export const llmBar = {
  columns: ['input', 'output_1', 'output_2', 'label'],
  read({ id, input, output_1: a, output_2: b, label }: Row): Outcome<Row> {
    if (!areTexts(input, a, b)) return wrong('texts in input, output_1 and output_2', [input, a, b]);
    if (label !== 1 && label !== 2) return wrong('a label of 1 or 2', label);
    return judged(id, question(input), [a, b], label === 1 ? 'a' : 'b');
  },
};

/** AlpacaEval's annotations: a preference from 1 to 2, of which 1.5 is a tie, as 0 is. */
export const alpacaEval = {
  columns: ['instruction', 'output_1', 'output_2', 'preference'],
  read({ id, instruction, output_1: a, output_2: b, preference }: Row): Outcome<Row> {
    if (!areTexts(instruction, a, b))
      return wrong('texts in instruction, output_1 and output_2', [instruction, a, b]);
    const isRated =
      typeof preference === 'number' && (preference === 0 || (preference >= 1 && preference <= 2));
    if (!isRated) return wrong('a preference from 1 to 2, or 0', preference);
    const isTie = preference === 0 || preference === 1.5;
    return judged(id, question(instruction), [a, b], isTie ? 'tie' : preference < 1.5 ? 'a' : 'b');
  },
};

const WINNERS: Readonly<Record<string, Winner>> = {
  model_a: 'a',
  model_b: 'b',
  tie: 'tie',
  'tie (bothbad)': 'tie',
  both_bad: 'tie',
};

/**
 * MT-bench's human judgments and battles of the Chatbot Arena: two conversations, judged up to `turn`. From the second turn on
 * both answers follow answers of their own, so that there is no one prompt.
 */
export const arena = {
  columns: ['conversation_a', 'conversation_b', 'winner'],
  read(row: Row): Outcome<Row> {
    const { winner, turn = 1 } = row;
    const sides: Message[][] = [];
    for (const name of ['conversation_a', 'conversation_b']) {
      const read = readMessages(row[name], name);
      if (read.problem) return read;
      sides.push(typeof turn === 'number' ? read.value.slice(0, 2 * turn) : read.value);
    }
    const won = typeof winner === 'string' && Object.hasOwn(WINNERS, winner) ? WINNERS[winner] : undefined;
    if (won === undefined) return wrong(`a winner of ${Object.keys(WINNERS).join(', ')}`, winner);
    return judged(row.id, undefined, sides, won);
  },
};

/** Arena battles as Kaggle has them: texts, or JSON lists of a text a turn, and a column for each verdict. */
export const pairedColumns = {
  columns: ['prompt', 'response_a', 'response_b', 'winner_model_a', 'winner_model_b', 'winner_tie'],
  read(row: Row): Outcome<Row> {
    const texts = [row.prompt, row.response_a, row.response_b].map(turnsOf);
    if (texts.some((turns) => turns === undefined))
      return wrong('texts, or JSON lists of texts, in prompt, response_a and response_b', texts);
    if (texts.some((turns) => turns!.length !== 1))
      return problem('differing-prompts', 'after the first turn the answers follow answers of their own');
    const verdicts = [row.winner_model_a, row.winner_model_b, row.winner_tie];
    const won = verdicts.indexOf(1);
    if (won === -1 || verdicts.some((verdict, i) => verdict !== (i === won ? 1 : 0)))
      return wrong('one 1 and two 0 in winner_model_a, winner_model_b and winner_tie', verdicts);
    const [[prompt], [a], [b]] = texts as [string[], string[], string[]];
    return judged(row.id, question(prompt), [a, b], (['a', 'b', 'tie'] as const)[won]);
  },
};

/** The texts of a column of a text a turn. */
function turnsOf(value: unknown): string[] | undefined {
  if (Array.isArray(value)) return areTexts(...(value as unknown[])) ? (value as string[]) : undefined;
  if (typeof value !== 'string') return undefined;
  if (!value.startsWith('[')) return [value];
  try {
    const turns: unknown = JSON.parse(value);
    return Array.isArray(turns) && areTexts(...(turns as unknown[])) ? (turns as string[]) : undefined;
  } catch {
    return [value];
  }
}
