import type { Message } from '@selfjudge/text';

import type { Row } from '../convert.js';
import { readMessages } from '../messages.js';
import type { Outcome } from '../problem.js';
import { problem } from '../problem.js';
import { noText, question, textList, wrong } from './columns.js';

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
  read(row: Row): Outcome<Row> {
    const fault = noText(row, 'instruction', 'response1', 'response2');
    if (fault) return fault;
    const { idx, instruction, input, response1, response2, annotator1, annotator2, annotator3 } = row;
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
  read(row: Row): Outcome<Row> {
    const fault = noText(row, 'input', 'output_1', 'output_2');
    if (fault) return fault;
    const { id, input, output_1: a, output_2: b, label } = row;
    if (label !== 1 && label !== 2) return wrong('a label of 1 or 2', label);
    return judged(id, question(input), [a, b], label === 1 ? 'a' : 'b');
  },
};

/** AlpacaEval's annotations: a preference from 1 to 2, of which 1.5 is a tie, as 0 is. */
export const alpacaEval = {
  columns: ['instruction', 'output_1', 'output_2', 'preference'],
  read(row: Row): Outcome<Row> {
    const fault = noText(row, 'instruction', 'output_1', 'output_2');
    if (fault) return fault;
    const { id, instruction, output_1: a, output_2: b, preference } = row;
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
const turnsOf = (value: unknown): string[] | undefined =>
  textList(value) ?? (typeof value === 'string' ? [value] : undefined);

/** The subset of RewardBench 2 whose questions have several right answers, and what their rows are called. */
const TIES = { subset: 'Ties', id: /^(ref|tied):\d+$/ };

/**
 * RewardBench 2: right answers in `chosen`, wrong ones in `rejected`. Each right one before each wrong one is a judgment, whose
 * `best_of` says which two of which question they are.
 */
export const rewardBench2 = {
  columns: ['prompt', 'chosen', 'rejected', 'subset'],
  /** Answers of other rows are texts, or lists of messages. */
  isOf: ({ chosen, rejected, num_correct: right, num_incorrect: wrong }: Row): boolean =>
    (typeof right === 'number' && typeof wrong === 'number') ||
    [chosen, rejected].every((list) => Array.isArray(list) && list.some((one) => typeof one === 'string')),
  read(row: Row): Outcome<Row[]> {
    const fault = noText(row, 'prompt', 'subset');
    if (fault) return fault;
    const { id, prompt, subset } = row;
    const [chosen, rejected] = [row.chosen, row.rejected].map((list) => textList(list) ?? []);
    for (const [name, list] of Object.entries({ chosen, rejected }))
      if (list.length === 0) return wrong(`a list of texts, one at least, in ${name}`, row[name]);
    const counts = {
      num_correct: chosen.length,
      num_incorrect: rejected.length,
      total_completions: chosen.length + rejected.length,
    };
    for (const [name, count] of Object.entries(counts))
      if (row[name] !== undefined && row[name] !== null && row[name] !== count)
        return wrong(`${count} in ${name}, as there are answers`, row[name]);
    if (subset === TIES.subset && !TIES.id.test(String(id)))
      return wrong('an id of ref:NUMBER or tied:NUMBER in the subset Ties', id);
    return {
      value: chosen.flatMap((a, right) =>
        rejected.map((b, other) => ({
          ...(id !== undefined && { id: `${String(id)}/${right}/${other}` }),
          prompt: question(prompt),
          completions: [a, b],
          winner: 'a',
          subset,
          best_of: { ...(id !== undefined && { id: String(id) }), right, wrong: other },
        })),
      ),
    };
  },
};
