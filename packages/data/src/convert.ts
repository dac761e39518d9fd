import { show } from '@selfjudge/base';
import type { TemplateArguments } from '@selfjudge/text';
import { promptOf, readAnswer, readPrompt, unreadOf } from './answers.js';
import { readLabels, readRationales } from './labels.js';
import type { Outcome } from './problem.js';
import { problem } from './problem.js';
import type { AnswerPair, JudgedPair, PreferencePair, PromptRow, SftExample } from './rows.js';
import { messageText } from '@selfjudge/text/internal';
import { readTemplateColumns, withArguments } from './templateColumns.js';
import { argumentsOf, messagesOf, readMessages, sameMessages } from './text.js';
import { isTranscript, parseTranscript } from './transcript.js';

export type Row = Readonly<Record<string, unknown>>;

const DIFFERING = problem('differing-prompts', 'the two answers follow different prompts');

/**
 * A preference from `{prompt, chosen, rejected}` or `{chosen, rejected}`. Answers are strings, message lists that end
 * with the assistant's turn, or HH transcripts; without a prompt column the turns before the last are the prompt.
 * `labels` and `rationales` are taken over; further columns are ignored.
 *
 * Left out: rows whose two answers follow different prompts, are equal, or are empty.
 */
export function toPreferencePair(row: Row, id: string): Outcome<PreferencePair> {
  if (!('chosen' in row) || !('rejected' in row)) {
    return problem(
      'unknown-shape',
      `expected columns chosen and rejected, received ${Object.keys(row).join(', ')}`,
    );
  }
  const column = readPrompt(row.prompt);
  if (column.problem) return column;
  const chosen = readAnswer('chosen', row.chosen, row.prompt);
  if (chosen.problem) return chosen;
  const rejected = readAnswer('rejected', row.rejected, row.prompt);
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
    },
  };
}

/**
 * An example to imitate from `{messages}`, `{prompt, completion}` or, taking the better answer, from a preference.
 * Left out: conversations that do not end with an answer, and empty answers.
 */
export function toSftExample(row: Row, id: string): Outcome<SftExample> {
  const told = readTemplateColumns(row);
  if (told.problem) return told;
  const example = (prompt: SftExample['messages'], more?: TemplateArguments): SftExample => {
    const templateArguments = more || told.value ? { ...more, ...told.value } : undefined;
    return { id, messages: prompt, ...(templateArguments && { templateArguments }) };
  };
  if ('messages' in row) {
    const read = readMessages('messages', row.messages);
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
    return answered(messageText(messages.at(-1)!), example(messages));
  }
  const name = ['completion', 'chosen'].find((column) => column in row);
  if (name === undefined) {
    const columns = Object.keys(row).join(', ');
    return problem(
      'unknown-shape',
      `expected columns messages, or prompt and completion, received ${columns}`,
    );
  }
  const column = readPrompt(row.prompt);
  if (column.problem) return column;
  const answer = readAnswer(name, row[name], row.prompt);
  if (answer.problem) return answer;
  const prompt = promptOf(column.value, answer.value);
  if (prompt.problem) return prompt;
  const { text } = answer.value;
  const messages = [...messagesOf(prompt.value), { role: 'assistant' as const, content: text }];
  return answered(text, example(messages, argumentsOf(prompt.value)));
}

/** A prompt from `{prompt}`, or from the turns before the last answer of `{messages}` or of a preference. */
export function toPromptRow(row: Row, id: string): Outcome<PromptRow> {
  const { chosen } = row;
  const conversation =
    row.messages ?? (typeof chosen === 'string' && isTranscript(chosen) ? parseTranscript(chosen) : chosen);
  const prompt = readPrompt(row.prompt ?? openConversation(conversation));
  if (prompt.problem) return prompt;
  if (prompt.value === undefined) {
    return problem('unknown-shape', `expected a column prompt, received ${Object.keys(row).join(', ')}`);
  }
  const told = readTemplateColumns(row);
  if (told.problem) return told;
  return { value: { id, prompt: withArguments(prompt.value, told.value) } };
}

/**
 * Two answers to one prompt from `{prompt, completions: [a, b]}`. Answers are strings or message lists that end with the
 * assistant's turn; without a prompt column the turns before the last are the prompt.
 */
export function toAnswerPair(row: Row): Outcome<AnswerPair> {
  const { completions } = row;
  if (!Array.isArray(completions) || completions.length !== 2) {
    return problem(
      'unknown-shape',
      `expected columns prompt and completions, a list of two, received ${Object.keys(row).join(', ')}`,
    );
  }
  const column = readPrompt(row.prompt);
  if (column.problem) return column;
  const a = readAnswer('completions[0]', completions[0], row.prompt);
  if (a.problem) return a;
  const b = readAnswer('completions[1]', completions[1], row.prompt);
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
export function toJudgedPair(row: Row, id: string): Outcome<JudgedPair> {
  const pair = toAnswerPair(row);
  if (pair.problem) return pair;
  const { winner, rationale } = row;
  const won = winner === 0 || winner === 'a' ? 'a' : winner === 1 || winner === 'b' ? 'b' : winner;
  if (won !== 'a' && won !== 'b' && won !== 'tie') {
    return problem(
      'unknown-shape',
      `expected a winner of 0, 1, 'a', 'b' or 'tie', received ${typeof winner === 'string' ? JSON.stringify(winner) : show(winner)}`,
    );
  }
  const judged: JudgedPair = { id, ...pair.value, winner: won };
  return { value: typeof rationale === 'string' ? { ...judged, rationale } : judged };
}

function openConversation(value: unknown): unknown {
  if (value === undefined) return undefined;
  const { value: messages } = readMessages('messages', value);
  // What is no list of messages is named by whoever reads it as a prompt.
  return messages?.at(-1)?.role === 'assistant' ? messages.slice(0, -1) : (messages ?? value);
}

function answered(text: string, example: SftExample): Outcome<SftExample> {
  return text.trim() === '' ? problem('empty-answer', 'the answer is empty') : { value: example };
}

function distinctAnswers(chosen: string, rejected: string): Outcome<true> {
  if (chosen.trim() === '') return problem('empty-answer', 'chosen is empty');
  if (rejected.trim() === '') return problem('empty-answer', 'rejected is empty');
  if (chosen.trim() === rejected.trim()) return problem('equal-answers', 'chosen and rejected are equal');
  return { value: true };
}
