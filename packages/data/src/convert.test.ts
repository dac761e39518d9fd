import { describe, expect, it } from 'vitest';

import type { Row } from './convert.js';
import {
  toAnswerPair,
  toJudgedPair,
  toLabelledRow,
  toPreferencePair,
  toPromptRow,
  toSftExample,
} from './convert.js';
import { sftExampleOf } from './rows.js';
import { parseTranscript } from './transcript.js';

const u = (content: string) => ({ role: 'user', content });
const a = (content: string) => ({ role: 'assistant', content });
const pair = (row: Record<string, unknown>) => toPreferencePair(row, 'x');

it('a winner between equal answers is no label, a tie is', () => {
  const judged = (winner: unknown, b: string) =>
    toJudgedPair({ prompt: 'q', completions: ['same', b], winner }, 'id');
  expect(judged('a', ' same ').problem).toMatchObject({ code: 'equal-answers' });
  expect(judged('tie', 'same').value).toMatchObject({ winner: 'tie' });
  expect(judged('a', '').value).toMatchObject({ winner: 'a' });
});

describe('toPreferencePair', () => {
  it('reads strings and ignores further columns', () => {
    const row = { prompt: 'q', chosen: ' yes', rejected: 'no', score_chosen: 9, source: { any: 'thing' } };
    expect(pair(row).value).toEqual({ id: 'x', prompt: 'q', chosen: ' yes', rejected: 'no' });
  });

  it('reads message lists, with the prompt apart, repeated or implicit', () => {
    const expected = { id: 'x', prompt: [u('q')], chosen: 'yes', rejected: 'no' };
    const lists = { chosen: [u('q'), a('yes')], rejected: [u('q'), a('no')] };
    expect(pair(lists).value).toEqual(expected);
    expect(pair({ prompt: 'q', ...lists }).value).toEqual(expected);
    expect(pair({ prompt: [u('q')], ...lists }).value).toEqual(expected);
    expect(pair({ prompt: [u('q')], chosen: [a('yes')], rejected: [a('no')] }).value).toEqual(expected);
  });

  it('reads HH transcripts, whole or cut at the answer', () => {
    const head = '\n\nHuman: one\n\nAssistant: two\n\nHuman: three\n\nAssistant:';
    const expected = { id: 'x', prompt: [u('one'), a('two'), u('three')], chosen: 'yes', rejected: 'no' };
    expect(pair({ chosen: `${head} yes`, rejected: `${head} no` }).value).toEqual(expected);
    expect(pair({ prompt: head, chosen: ' yes', rejected: ' no' }).value).toEqual(expected);
  });

  it('leaves out what is no preference, and says why', () => {
    const code = (row: Record<string, unknown>) => pair(row).problem?.code;
    expect(code({ chosen: [u('q'), a('yes')], rejected: [u('p'), a('no')] })).toBe('differing-prompts');
    expect(code({ chosen: [u('q'), a('b'), u('c'), a('yes')], rejected: [u('q'), a('no')] })).toBe(
      'differing-prompts',
    );
    expect(code({ prompt: 'p', chosen: [u('q'), a('yes')], rejected: [u('q'), a('no')] })).toBe(
      'differing-prompts',
    );
    expect(code({ prompt: 'q', chosen: 'same ', rejected: 'same' })).toBe('equal-answers');
    expect(code({ prompt: 'q', chosen: 'yes', rejected: ' ' })).toBe('empty-answer');
    expect(code({ prompt: 'q', chosen: 'yes' })).toBe('unknown-shape');
    expect(code({ chosen: 'yes', rejected: 'no' })).toBe('unknown-shape');
    expect(code({ prompt: '', chosen: 'yes', rejected: 'no' })).toBe('unknown-shape');
    expect(code({ prompt: 'q', chosen: [u('yes')], rejected: [a('no')] })).toBe('unknown-shape');
    expect(code({ prompt: 'q', chosen: [{ role: 'tool', content: '' }], rejected: 'no' })).toBe(
      'unknown-shape',
    );
  });

  it("takes strings as they stand in TRL's standard format, and messages as in any", () => {
    const standard = (row: Row) => toPreferencePair(row, 'x', { promptFormat: 'standard' }).value;
    const answers = { chosen: ' yes', rejected: 'no' };
    for (const text of ['q', '<|im_start|>user\nq', '\n\nHuman: q\n\nAssistant:'])
      expect(standard({ prompt: text, ...answers })).toEqual({ id: 'x', prompt: { text }, ...answers });
    expect(pair({ prompt: { text: 'q' }, ...answers }).value?.prompt).toEqual({ text: 'q' });
    const lists = { chosen: [a('yes')], rejected: [a('no')] };
    expect(standard({ prompt: 'q', ...lists })?.prompt).toBe('q');
    expect(standard({ prompt: [u('q')], ...answers })?.prompt).toEqual([u('q')]);
    const transcripts = {
      chosen: '\n\nHuman: q\n\nAssistant: y',
      rejected: '\n\nHuman: q\n\nAssistant: n',
    };
    expect(standard(transcripts)).toEqual({ id: 'x', prompt: [u('q')], chosen: 'y', rejected: 'n' });
    const row = { prompt: 'q', completion: 'yes' };
    expect(toSftExample(row, 'x', { promptFormat: 'standard' }).value).toEqual({
      id: 'x',
      prompt: { text: 'q' },
      completion: 'yes',
    });
    expect(toPromptRow({ prompt: 'q' }, 'x', { promptFormat: 'standard' }).value?.prompt).toEqual({
      text: 'q',
    });
  });

  it('names the message that is not read, and why', () => {
    const reason = (...messages: unknown[]) => toSftExample({ messages }, 'x').problem?.reason;
    const parts = (...content: object[]) => ({ role: 'user', content });
    expect(reason(u('q'), { role: 'critic', content: 'x' }, a('yes'))).toMatch(
      /^messages\[1\]: role: .* received "critic"/,
    );
    expect(reason(u('q'), { role: 'assistant', content: null })).toMatch(
      /^messages\[1\]: content: .* received null/,
    );
    expect(reason(parts({ type: 'image' }), a('yes'))).toMatch(/^messages\[0\]: content: .* type "image"/);
    expect(reason('q')).toMatch(/^messages\[0\]: a message is an object/);
  });

  it('takes labels and rationales by principle', () => {
    const labels = { honesty: 'rejected', helpfulness: 'chosen' };
    const rationales = { honesty: 'It admits it.', helpfulness: { chosen: 'Long.', rejected: 'Short.' } };
    const row = { prompt: 'q', chosen: 'yes', rejected: 'no' };
    expect(pair({ ...row, labels, rationales }).value).toMatchObject({ labels, rationales });
    expect(pair({ ...row, labels: { honesty: 'a' } }).problem?.reason).toMatch(/labels/);
  });

  it('takes the margin of a row that has one', () => {
    const row = { prompt: 'q', chosen: 'yes', rejected: 'no' };
    expect(pair({ ...row, margin: -0.5 }).value).toMatchObject({ margin: -0.5 });
    for (const none of [{}, { margin: null }])
      expect(pair({ ...row, ...none }).value).not.toHaveProperty('margin');
    for (const margin of [NaN, '1', [1]]) expect(pair({ ...row, margin }).problem?.reason).toMatch(/margin/);
    expect(pair({ ...row, rationales: { honesty: { chosen: 'x' } } }).problem?.reason).toMatch(/rationales/);
  });
});

describe('other rows', () => {
  it('become examples to imitate', () => {
    const expected = { id: 'x', messages: [u('q'), a('yes')] };
    expect(toSftExample({ messages: [u('q'), a('yes')] }, 'x').value).toEqual(expected);
    expect(toSftExample({ prompt: 'q', completion: 'yes' }, 'x').value).toEqual(expected);
    expect(toSftExample({ prompt: [u('q')], completion: [a('yes')] }, 'x').value).toEqual(expected);
    expect(toSftExample({ prompt: 'q', chosen: 'yes', rejected: 'no' }, 'x').value).toEqual(expected);
    expect(sftExampleOf(pair({ prompt: 'q', chosen: 'yes', rejected: 'no' }).value!)).toEqual(expected);
    expect(toSftExample({ messages: [u('q')] }, 'x').problem?.code).toBe('unknown-shape');
    expect(toSftExample({ prompt: 'q', completion: '\n' }, 'x').problem?.code).toBe('empty-answer');
  });

  it('become prompts', () => {
    expect(toPromptRow({ prompt: 'q' }, 'x').value).toEqual({ id: 'x', prompt: 'q' });
    expect(toPromptRow({ messages: [u('q'), a('yes')] }, 'x').value).toEqual({ id: 'x', prompt: [u('q')] });
    const row = { chosen: '\n\nHuman: q\n\nAssistant: yes', rejected: '' };
    expect(toPromptRow(row, 'x').value).toEqual({ id: 'x', prompt: [u('q')] });
    expect(toPromptRow({ text: 'q' }, 'x').problem?.reason).toMatch(/text/);
  });

  it('become judgments', () => {
    const row = { prompt: 'q', completions: ['yes', 'no'], winner: 1, rationale: 'Response 2 is right.' };
    expect(toJudgedPair(row, 'x').value).toEqual({
      id: 'x',
      prompt: 'q',
      completions: ['yes', 'no'],
      winner: 'b',
      rationale: 'Response 2 is right.',
    });
    expect(toJudgedPair({ ...row, winner: null }, 'x').problem?.reason).toMatch(/null/);
    const deep: unknown = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000));
    expect(toJudgedPair({ ...row, winner: deep }, 'x').problem?.reason).toMatch(/received \[\[/);
  });
});

describe('toAnswerPair', () => {
  it('reads strings and message lists, with or without a prompt of their own', () => {
    const expected = { prompt: 'q', completions: ['x', 'y'] };
    expect(toAnswerPair({ prompt: 'q', chosen: 'x', rejected: 'y' }).value).toEqual(expected);
    expect(toAnswerPair({ prompt: 'q', a: 'x', b: [a('y')] }).value).toEqual(expected);
    const standard = { promptFormat: 'standard' } as const;
    expect(toAnswerPair({ prompt: 'q', a: 'x', b: 'y' }, standard).value?.prompt).toEqual({ text: 'q' });
    expect(toAnswerPair({ prompt: 'q', completions: ['x', 'y'] }).value).toEqual(expected);
    expect(toAnswerPair({ prompt: 'q', completions: [[a('x')], 'y'] }).value).toEqual(expected);
    const whole = [
      [u('q'), a('x')],
      [u('q'), a('y')],
    ];
    expect(toAnswerPair({ completions: whole }).value).toEqual({ ...expected, prompt: [u('q')] });
  });

  it('leaves out what is no pair of answers to one prompt', () => {
    const code = (row: Row) => toAnswerPair(row).problem?.code;
    expect(code({ prompt: 'q', completions: ['x'] })).toBe('unknown-shape');
    expect(code({ prompt: 'q', completions: ['x', 3] })).toBe('unknown-shape');
    expect(code({ completions: ['x', 'y'] })).toBe('unknown-shape');
    expect(
      code({
        completions: [
          [u('q'), a('x')],
          [u('p'), a('y')],
        ],
      }),
    ).toBe('differing-prompts');
  });
});

describe('parseTranscript', () => {
  it('trims turns, joins those of one speaker and keeps an open turn', () => {
    const text =
      '\n\nHuman: one \n\nmore\n\nHuman: again\n\nAssistant:  two\nAssistant: no turn\n\nHuman: \n\nAssistant:';
    expect(parseTranscript(text)).toEqual([
      u('one \n\nmore\n\nagain'),
      a('two\nAssistant: no turn'),
      u(''),
      a(''),
    ]);
  });

  it('takes the last turn as the answer also after another of the assistant', () => {
    const text = '\n\nHuman: q\n\nAssistant: wait\n\nAssistant: yes';
    expect(parseTranscript(text)).toEqual([u('q'), a('wait'), a('yes')]);
    const row = { chosen: text, rejected: '\n\nHuman: q\n\nAssistant: no' };
    expect(pair(row).problem?.code).toBe('differing-prompts');
    expect(pair({ chosen: text, rejected: `${text}!` }).problem?.reason).toMatch(/follows no user turn/);
  });
});

describe('toLabelledRow', () => {
  it('reads an answer with its label, in text or messages', () => {
    const row = { prompt: 'q', completion: 'yes', label: false };
    expect(toLabelledRow(row, 'x').value).toEqual({ id: 'x', ...row });
    const turns = { prompt: [u('q')], completion: [a('yes')], label: true };
    expect(toLabelledRow(turns, 'x').value).toEqual({
      id: 'x',
      prompt: [u('q')],
      completion: 'yes',
      label: true,
    });
    const standard = toLabelledRow(row, 'x', { promptFormat: 'standard' }).value;
    expect(standard?.prompt).toEqual({ text: 'q' });
  });

  it.each([
    [{ prompt: 'q', completion: 'a' }, /completion and label/],
    [{ prompt: 'q', chosen: 'a', rejected: 'b' }, /completion and label/],
    [{ prompt: 'q', completion: 'a', label: 1 }, /true or false, received 1/],
    [{ prompt: 'q', completion: 'a', label: 'true' }, /true or false/],
    [{ prompt: 'q', completion: ' ', label: true }, /empty/],
  ])('leaves out %o', (row, why) => {
    expect(toLabelledRow(row, 'x').problem?.reason).toMatch(why);
  });
});
