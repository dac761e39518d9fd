import { DataError, isError } from '@selfjudge/base';
import { mutateValue, mutateText, type FuzzCase, type FuzzTarget } from '@selfjudge/testing/fuzz/index';

import {
  toAnswerPair,
  toJudgedPair,
  toPreferencePair,
  toLabelledRow,
  toPromptRow,
  toSftExample,
  type Row,
} from '../convert.js';
import { readMapped, type Mapping } from '../mapping.js';
import type { Outcome } from '../problem.js';
import { promptOfExample } from '../rows.js';
import { readShape, shapeOf } from '../shapes.js';
import { SHAPED } from './shapes.js';
import { splitOf } from '../split.js';
import { messagesOf, type Text } from '../text.js';
import { messageText } from '@selfjudge/text/internal';

const user = { role: 'user', content: 'Why is the sky blue?' };
const answer = (content: string) => ({ role: 'assistant', content });
const transcript = '\n\nHuman: Hi\n\nAssistant: Hello.\n\nHuman: Why?\n\nAssistant: ';

/** A row of each shape that is read. */
export const ROWS: readonly Record<string, unknown>[] = [
  { id: 7, prompt: 'a question', chosen: 'yes', rejected: 'no', labels: { honesty: 'chosen' } },
  { prompt: [user], chosen: [user, answer('Rayleigh')], rejected: [user, answer('It is not.')] },
  {
    chosen: `${transcript}Because.`,
    rejected: `${transcript}I do not know.`,
    rationales: { honesty: 'A is.' },
  },
  { prompt: 'q', chosen: 'a', rejected: 'b', rationales: { overall: { chosen: 'good', rejected: 'bad' } } },
  { id: 'sft', messages: [{ role: 'system', content: 'Be brief.' }, user, answer('Scattering.')] },
  { prompt: 'q', completion: 'a' },
  { prompt: transcript },
  { prompt: 'q', completions: ['a', 'b'], winner: 'tie', rationale: 'Both.' },
  { prompt: [user], completions: [[answer('a')], [answer('b')]], winner: 0 },
  { prompt: [user], completion: 'a', tools: [{ type: 'function' }], chat_template_kwargs: { day: 'Monday' } },
  {
    messages: [
      user,
      { role: 'assistant', content: null, tool_calls: [{ function: { name: 'f' } }] },
      { role: 'tool', content: [{ type: 'text', text: 'a drink' }] },
      answer('Tea.'),
    ],
    documents: [{ title: 't', text: 'x' }],
  },
];

const SHAPED_ROWS = Object.values(SHAPED).map(({ row }) => row);
const MAPPING: Mapping = {
  id: 'question_id',
  prompt: ['instruction', 'input', 'prompt'],
  completions: ['output_1', 'completions.0.response'],
  messages: { column: 'conversations', role: 'from', content: 'value', roles: { human: 'user' } },
  winner: { column: 'label', values: { 1: 'a', 2: 'b' } },
};

const WORDS = [
  'Human:',
  'Assistant:',
  '\n\n',
  '\n\nHuman:',
  '\n\nAssistant:',
  '\n',
  ' ',
  '\r\n',
  '\0',
  'ﷺ',
  '\ud800',
  '',
];

/** Every conversion of a row; it gives a value or a problem, never an error. */
export function rowsTarget(): FuzzTarget<unknown> {
  return {
    name: 'rows',
    // Five conversions each cut a transcript into its turns.
    heapPerByte: 512,
    make(random): FuzzCase<unknown> {
      const how: string[] = [];
      if (random.below(4) === 0) {
        const text = () => mutateText(`${transcript}Because.`, random, how, WORDS).toString('utf8');
        const row = {
          prompt: random.choice([undefined, text()]),
          chosen: text(),
          rejected: text(),
          completion: text(),
        };
        return { input: row, size: JSON.stringify(row).length, how };
      }
      const { value, size } = mutateValue(random.choice([...ROWS, ...SHAPED_ROWS]), random, how);
      return { input: value, size, how };
    },
    parse(input) {
      if (typeof input !== 'object' || input === null || Array.isArray(input)) return;
      let row = input as Row;
      let prompts: ({ prompt: Text } | undefined)[];
      try {
        used(readMapped(MAPPING, row));
        const shape = shapeOf(row);
        row = (shape === undefined || shape === 'own' ? row : used(readShape(shape, row))?.[0]) ?? {};
        const pair = used(toPreferencePair(row, 'id'));
        const judged = used(toJudgedPair(row, 'id'));
        const sft = used(toSftExample(row, 'id'));
        const labelled = used(toLabelledRow(row, 'id'));
        if (labelled !== undefined) checkTexts(labelled.completion);
        prompts = [used(toPromptRow(row, 'id')), labelled, pair, judged, used(toAnswerPair(row))];
        for (const value of prompts) if (value !== undefined) splitOf(value.prompt);
        if (pair !== undefined) checkTexts(pair.chosen, pair.rejected);
        if (judged !== undefined) checkTexts(...judged.completions);
        if (sft !== undefined) checkTexts(...messagesOf(promptOfExample(sft)).map(messageText));
      } catch (error) {
        // The row must be refused by its outcome: reading goes on with the next.
        throw isError(error) ? new TypeError('a conversion that throws', { cause: error }) : error;
      }
      if (prompts.every((value) => value === undefined)) {
        throw new DataError({ path: 'row', line: 1, reason: 'of none of the shapes' });
      }
    },
  };
}

function used<T>({ value, problem }: Outcome<T>): T | undefined {
  if ((value === undefined) === (problem === undefined)) throw new Error('a value and a problem, or neither');
  if (problem !== undefined && problem.reason === '') throw new Error('a problem without a reason');
  return value;
}

function checkTexts(...texts: unknown[]): void {
  if (!texts.every((text) => typeof text === 'string')) throw new Error('an answer that is no text');
}
