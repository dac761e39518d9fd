import { show } from '@selfjudge/base';
import { messageText } from '@selfjudge/text/internal';
import type { Message } from '@selfjudge/text';
import { promptOf, readAnswer, readPrompt, unreadOf } from './answers.js';
import { readLabels, readRationales } from './labels.js';
import { readMessages } from './messages.js';
import type { Outcome } from './problem.js';
import { problem } from './problem.js';
import { sftContentOf } from './rows.js';
import type { AnswerPair, JudgedPair, LabelledRow, PreferencePair, PromptRow, SftExample } from './rows.js';
import { readTemplateColumns, withArguments } from './templateColumns.js';
import { messagesOf, sameMessages } from './text.js';
import type { PromptFormat } from './text.js';
import { isTranscript, parseTranscript } from './transcript.js';

export type Row = Readonly<Record<string, unknown>>;

export interface ConvertOptions {
  /**
   * What a string prompt is, with its answers: one user turn ('chat', the default), or text as it stands, control tokens
   * included, as in TRL's standard format. Of a row with an answer in messages a string prompt is one user turn.
   */
  promptFormat?: PromptFormat;
}

const COLUMNS = ['messages', 'chosen', 'rejected', 'completion'];

/** Of a row with messages a string is one user turn in any case. */
function formatOf(row: Row, { promptFormat = 'chat' }: ConvertOptions): PromptFormat {
  const { completions } = row;
  const answers = [...COLUMNS.map((name) => row[name]), ...(Array.isArray(completions) ? completions : [])];
  return answers.some((answer) => Array.isArray(answer)) ? 'chat' : promptFormat;
}

const DIFFERING = problem('differing-prompts', 'the two answers follow different prompts');

/**
 * A preference from `{prompt, chosen, rejected}`, `{chosen, rejected}` or a judgment that is no tie (see toJudgedPair). Answers are strings, message lists that end
 * with the assistant's turn, or HH transcripts; without a prompt column the turns before the last are the prompt.
 * `labels`, `rationales` and `margin` are taken over; further columns are ignored.
 *
 * Left out: rows whose two answers follow different prompts, are equal, or are empty.
 */
export function toPreferencePair(
  row: Row,
  id: string,
  options: ConvertOptions = {},
): Outcome<PreferencePair> {
  const judged = isMissing(row.chosen) ? fromJudgment(row) : undefined;
  if (judged?.problem) return judged;
  if (judged?.value) return toPreferencePair(judged.value, id, options);
  const format = formatOf(row, options);
  if (isMissing(row.chosen) || isMissing(row.rejected)) {
    return problem('unknown-shape', `expected columns chosen and rejected, received ${columnsOf(row)}`);
  }
  const column = readPrompt(row.prompt, format);
  if (column.problem) return column;
  const chosen = readAnswer('chosen', row.chosen, row.prompt, format);
  if (chosen.problem) return chosen;
  const rejected = readAnswer('rejected', row.rejected, row.prompt, format);
  if (rejected.problem) return rejected;
  const contexts = [chosen.value.context, rejected.value.context];
  if (contexts[0] && contexts[1] && !sameMessages(contexts[0], contexts[1])) return DIFFERING;
  const prompt = promptOf(column.value, chosen.value);
  if (prompt.problem) return prompt;
  const other = promptOf(column.value, rejected.value);
  if (other.problem) return other;
  if (!sameMessages(messagesOf(prompt.value), messagesOf(other.value))) return DIFFERING;
  const unequal = distinctAnswers(chosen.value.text, rejected.value.text);
  if (unequal.problem) return unequal;
  const labels = readLabels(row.labels);
  if (labels.problem) return labels;
  const rationales = readRationales(row.rationales);
  if (rationales.problem) return rationales;
  const margin = readMargin(row.margin);
  if (margin.problem) return margin;
  const told = readTemplateColumns(row);
  if (told.problem) return told;
  return {
    value: {
      id,
      prompt: withArguments(prompt.value, told.value),
      chosen: chosen.value.text,
      rejected: rejected.value.text,
      ...(labels.value && { labels: labels.value }),
      ...(rationales.value && { rationales: rationales.value }),
      ...(margin.value !== undefined && { margin: margin.value }),
    },
  };
}

/**
 * An example to imitate from `{messages}`, `{prompt, completion}` or, taking the better answer, from a preference or a
 * judgment.
 * Left out: conversations that do not end with an answer, and empty answers.
 */
export function toSftExample(row: Row, id: string, options: ConvertOptions = {}): Outcome<SftExample> {
  const told = readTemplateColumns(row);
  if (told.problem) return told;
  const format = formatOf(row, options);
  if (!isMissing(row.messages)) {
    const read = readMessages(row.messages, 'messages');
    if (read.problem) return read;
    const messages = read.value;
    if (messages.at(-1)!.role !== 'assistant') {
      return problem('unknown-shape', 'messages does not end with an assistant turn');
    }
    if (!messages.some((message) => message.role === 'user')) {
      return problem('unknown-shape', 'messages has no user turn');
    }
    const unread = unreadOf(messages.at(-1)!);
    if (unread !== undefined) return problem('unknown-shape', `messages has ${unread}`);
    const example = { id, messages, ...(told.value && { templateArguments: told.value }) };
    return answered(messageText(messages.at(-1)!), example);
  }
  const name = ['completion', 'chosen'].find((column) => !isMissing(row[column]));
  if (name === undefined) {
    const judged = fromJudgment(row);
    if (judged?.problem) return judged;
    if (judged?.value) return toSftExample(judged.value, id, options);
    const columns = columnsOf(row);
    return problem(
      'unknown-shape',
      `expected columns messages, or prompt and completion, received ${columns}`,
    );
  }
  const column = readPrompt(row.prompt, format);
  if (column.problem) return column;
  const answer = readAnswer(name, row[name], row.prompt, format);
  if (answer.problem) return answer;
  const prompt = promptOf(column.value, answer.value);
  if (prompt.problem) return prompt;
  const { text } = answer.value;
  return answered(text, { id, ...sftContentOf(withArguments(prompt.value, told.value), text) });
}

/**
 * An answer that is wanted or not from `{prompt, completion, label}`, the label true or false. The answer is a string or a
 * list of messages that ends with the assistant's turn; without a prompt column the turns before the last are the prompt.
 * Left out: rows without a label, and empty answers. A preference is two such rows, which the file must have apart.
 */
export function toLabelledRow(row: Row, id: string, options: ConvertOptions = {}): Outcome<LabelledRow> {
  if (isMissing(row.completion) || isMissing(row.label))
    return problem(
      'unknown-shape',
      `expected columns prompt, completion and label, received ${columnsOf(row)}`,
    );
  const { label } = row;
  if (typeof label !== 'boolean')
    return problem('unknown-shape', `expected a label of true or false, received ${show(label)}`);
  const format = formatOf(row, options);
  const column = readPrompt(row.prompt, format);
  if (column.problem) return column;
  const answer = readAnswer('completion', row.completion, row.prompt, format);
  if (answer.problem) return answer;
  const prompt = promptOf(column.value, answer.value);
  if (prompt.problem) return prompt;
  const told = readTemplateColumns(row);
  if (told.problem) return told;
  const { text } = answer.value;
  if (text.trim() === '') return problem('empty-answer', 'the answer is empty');
  return { value: { id, prompt: withArguments(prompt.value, told.value), completion: text, label } };
}

/** A prompt from `{prompt}`, or from the turns before the last answer of `{messages}` or of a preference. */
export function toPromptRow(row: Row, id: string, options: ConvertOptions = {}): Outcome<PromptRow> {
  const format = formatOf(row, options);
  const { chosen } = row;
  const conversation =
    row.messages ?? (typeof chosen === 'string' && isTranscript(chosen) ? parseTranscript(chosen) : chosen);
  const open = openConversation(conversation, isMissing(row.messages) ? 'chosen' : 'messages');
  if (open.problem && isMissing(row.prompt)) return open;
  const prompt = readPrompt(row.prompt ?? open.value, format);
  if (prompt.problem) return prompt;
  if (prompt.value === undefined) {
    return problem('unknown-shape', `expected a column prompt, received ${columnsOf(row)}`);
  }
  const told = readTemplateColumns(row);
  if (told.problem) return told;
  return { value: { id, prompt: withArguments(prompt.value, told.value) } };
}

/** Columns of two answers, as they are shown: of a preference the better answer is a. */
const PAIRS = [
  ['chosen', 'rejected'],
  ['a', 'b'],
] as const;

/**
 * Two answers to one prompt from `{prompt, completions: [a, b]}`, `{prompt, a, b}` or a preference, of which `chosen` is
 * the first. Answers are strings or message lists that end with the assistant's turn, or HH transcripts; without a prompt
 * column the turns before the last are the prompt.
 */
export function toAnswerPair(row: Row, options: ConvertOptions = {}): Outcome<AnswerPair> {
  const { completions } = row;
  const names = PAIRS.find(([a, b]) => !isMissing(row[a]) && !isMissing(row[b]));
  const answers =
    isMissing(completions) && names !== undefined ? names.map((name) => row[name]) : completions;
  if (!Array.isArray(answers) || answers.length !== 2) {
    return problem(
      'unknown-shape',
      'expected columns prompt and completions (a list of two), or chosen and rejected, or a and b, received ' +
        columnsOf(row),
    );
  }
  const whats = answers === completions ? ['completions[0]', 'completions[1]'] : names!;
  const format = formatOf({ ...row, completions: answers }, options);
  const column = readPrompt(row.prompt, format);
  if (column.problem) return column;
  const a = readAnswer(whats[0], answers[0], row.prompt, format);
  if (a.problem) return a;
  const b = readAnswer(whats[1], answers[1], row.prompt, format);
  if (b.problem) return b;
  const prompt = promptOf(column.value, a.value);
  if (prompt.problem) return prompt;
  const other = promptOf(column.value, b.value);
  if (other.problem) return other;
  if (!sameMessages(messagesOf(prompt.value), messagesOf(other.value))) return DIFFERING;
  const told = readTemplateColumns(row);
  if (told.problem) return told;
  const texts: [string, string] = [a.value.text, b.value.text];
  return { value: { prompt: withArguments(prompt.value, told.value), completions: texts } };
}

/**
 * A judgment from `{prompt, completions: [a, b], winner, rationale}`. The winner is 0, 1, 'a', 'b' or 'tie'; other
 * values, such as null for a failed judgment, leave the row out.
 */
export function toJudgedPair(row: Row, id: string, options: ConvertOptions = {}): Outcome<JudgedPair> {
  const pair = toAnswerPair(row, options);
  if (pair.problem) return pair;
  const { winner, rationale } = row;
  const won = winnerOf(winner);
  if (won === undefined) return wrongWinner(winner);
  const [a, b] = pair.value.completions;
  if (won !== 'tie' && a.trim() === b.trim())
    return problem('equal-answers', `both answers are equal, and the winner is ${won}`);
  const judged: JudgedPair = { id, ...pair.value, winner: won };
  return { value: typeof rationale === 'string' ? { ...judged, rationale } : judged };
}

/**
 * A judgment as a preference; undefined for a row that is none.
 * @returns a problem for a tie, which prefers neither
 */
function fromJudgment({ completions, winner, ...row }: Row): Outcome<Row> | undefined {
  if (!Array.isArray(completions) || completions.length !== 2 || isMissing(winner)) return undefined;
  const won = winnerOf(winner);
  if (won === 'tie') return problem('no-verdict', 'a tie prefers neither answer');
  if (won === undefined) return wrongWinner(winner);
  const [a, b] = completions as unknown[];
  return { value: { ...row, ...(won === 'a' ? { chosen: a, rejected: b } : { chosen: b, rejected: a }) } };
}

const winnerOf = (winner: unknown): JudgedPair['winner'] | undefined =>
  winner === 0 || winner === 'a'
    ? 'a'
    : winner === 1 || winner === 'b'
      ? 'b'
      : winner === 'tie'
        ? 'tie'
        : undefined;

const wrongWinner = (winner: unknown) =>
  problem(
    'unknown-shape',
    `expected a winner of 0, 1, 'a', 'b' or 'tie', received ${typeof winner === 'string' ? JSON.stringify(winner) : show(winner)}`,
  );

/** The turns before the last answer of a conversation that a row may have. */
function openConversation(value: unknown, name: string): Outcome<Message[] | undefined> {
  if (!Array.isArray(value)) return { value: undefined };
  const messages = readMessages(value, name);
  if (messages.problem) return messages;
  return {
    value: messages.value.at(-1)!.role === 'assistant' ? messages.value.slice(0, -1) : messages.value,
  };
}

function readMargin(value: unknown): Outcome<number | undefined> {
  if (isMissing(value)) return { value: undefined };
  if (typeof value === 'number' && Number.isFinite(value)) return { value };
  return problem('unknown-shape', `expected a margin that is a finite number, received ${show(value)}`);
}

/** The columns that a row holds, for errors. */
const columnsOf = (row: Row): string =>
  Object.keys(row)
    .filter((name) => !isMissing(row[name]))
    .join(', ') || 'none';

/** A table has a cell for each of its columns: what is null is not there. */
const isMissing = (value: unknown) => value === undefined || value === null;

function answered(text: string, example: SftExample): Outcome<SftExample> {
  return text.trim() === '' ? problem('empty-answer', 'the answer is empty') : { value: example };
}

function distinctAnswers(chosen: string, rejected: string): Outcome<true> {
  if (chosen.trim() === '') return problem('empty-answer', 'chosen is empty');
  if (rejected.trim() === '') return problem('empty-answer', 'rejected is empty');
  if (chosen.trim() === rejected.trim()) return problem('equal-answers', 'chosen and rejected are equal');
  return { value: true };
}
