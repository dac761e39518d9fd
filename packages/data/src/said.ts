import { messageText } from '@selfjudge/text/internal';

import {
  toAnswerPair,
  toJudgedPair,
  toLabelledRow,
  toPreferencePair,
  toPromptRow,
  toSftExample,
  type Row,
} from './convert.js';
import type { Labels, Rationales } from './labels.js';
import type { Outcome } from './problem.js';
import { promptOfExample } from './rows.js';
import { messagesOf, type PromptFormat, type Text } from './text.js';

/** What a row is read as. */
export type RowKind = 'preferences' | 'judgments' | 'pairs' | 'labelled' | 'examples' | 'prompts';

/** What a row says, whatever it is read as. */
export interface Said {
  kind: RowKind;
  prompt: Text;
  /** Of a pair the better one first, where there is one. */
  answers: { name: string; text: string }[];
  /** Its label; of two answers, which is better. */
  label?: string;
  /** Of a preference by principle, where it has them. */
  labels?: Labels;
  rationales?: Rationales;
}

/** A row as what its columns make it: of the kinds that it could be, the one that says most. */
export function readAny(row: Row, promptFormat: PromptFormat): Outcome<Said> {
  const has = (name: string) => row[name] !== undefined && row[name] !== null;
  const read = { promptFormat };
  const id = '';
  if ((has('completions') || (has('a') && has('b'))) && has('winner')) {
    const { value, problem } = toJudgedPair(row, id, read);
    if (problem) return { problem };
    const { prompt, winner, completions } = value;
    const names =
      winner === 'tie'
        ? ['answer', 'answer']
        : winner === 'a'
          ? ['chosen', 'rejected']
          : ['rejected', 'chosen'];
    const answers = completions.map((text, i) => ({ name: names[i], text }));
    if (winner === 'b') answers.reverse();
    return { value: { kind: 'judgments', prompt, answers, label: winner } };
  }
  if (has('completions') || (has('a') && has('b'))) {
    const { value, problem } = toAnswerPair(row, read);
    if (problem) return { problem };
    const answers = value.completions.map((text) => ({ name: 'answer', text }));
    return { value: { kind: 'pairs', prompt: value.prompt, answers } };
  }
  if (has('chosen') && has('rejected')) {
    const { value, problem } = toPreferencePair(row, id, read);
    if (problem) return { problem };
    const { prompt, chosen, rejected, labels, rationales } = value;
    const answers = [
      { name: 'chosen', text: chosen },
      { name: 'rejected', text: rejected },
    ];
    return {
      value: {
        kind: 'preferences',
        prompt,
        answers,
        ...(labels && { labels }),
        ...(rationales && { rationales }),
      },
    };
  }
  if (has('completion') && has('label')) {
    const { value, problem } = toLabelledRow(row, id, read);
    if (problem) return { problem };
    const { prompt, completion, label } = value;
    const answers = [{ name: 'answer', text: completion }];
    return { value: { kind: 'labelled', prompt, answers, label: String(label) } };
  }
  if (has('messages') || has('completion') || has('chosen')) {
    const { value, problem } = toSftExample(row, id, read);
    if (problem) return { problem };
    const text = 'messages' in value ? messageText(value.messages.at(-1)!) : value.completion;
    return {
      value: { kind: 'examples', prompt: promptOfExample(value), answers: [{ name: 'answer', text }] },
    };
  }
  const { value, problem } = toPromptRow(row, id, read);
  return problem ? { problem } : { value: { kind: 'prompts', prompt: value.prompt, answers: [] } };
}

/** What is said in a row, a text a turn. System messages are everybody's and are not among them. */
export const textsOf = ({ prompt, answers }: Said): { prompt: string[]; answers: string[] } => ({
  prompt: messagesOf(prompt)
    .filter(({ role }) => role !== 'system')
    .map(messageText),
  answers: answers.map(({ text }) => text),
});
