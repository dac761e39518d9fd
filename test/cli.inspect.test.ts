import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowsOf, run, temporaryFolder } from './support/cli.js';
import { preferenceRows, saveTinyModel, writeRows } from './support/tinyModel.js';

const { path: cwd, remove } = temporaryFolder();
const START = 257;
const END = 258;
const bytes = (text: string) => [...Buffer.from(text)];
/** ChatML up to the open turn, as the tiny model's template writes it. */
const PROMPT = [START, ...bytes('user\nHi'), END, ...bytes('\n'), START, ...bytes('assistant\n')];

beforeAll(async () => {
  await saveTinyModel(join(cwd, 'model'));
  writeRows(cwd, 'pairs.jsonl', preferenceRows());
});
afterAll(remove);

const inspect = (...args: string[]) =>
  run(['inspect', ...args, '-m', 'model', '--prompt_format', 'chat'], { cwd });
async function inspected(rows: (object | string)[], ...flags: string[]) {
  const file = writeRows(cwd, 'rows.jsonl', rows);
  const { code, stdout, stderr } = await inspect(file, '--json', ...flags);
  return { code, stderr, found: JSON.parse(stdout) as Record<string, any> };
}
const sequencesOf = (found: Record<string, any>, row = 0, part = 0) =>
  found.shown[row].parts[part].sequences as Record<string, any>[];

describe('inspect --json: the very tokens, and what each is', () => {
  it('of an answer to imitate', async () => {
    const answer = [...bytes('Yö'), END];
    const { code, found, stderr } = await inspected([{ prompt: 'Hi', completion: 'Yö' }]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [{ tokens, kinds, texts, rendered }] = sequencesOf(found);
    expect(tokens).toEqual([...PROMPT, ...answer]);
    expect(kinds).toEqual([...PROMPT.map(() => 'prompt'), ...answer.map(() => 'trained')]);
    expect(rendered).toBe('<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nYö<|im_end|>');
    expect(texts.join('')).toBe(rendered);
    expect(texts.slice(-4)).toEqual(['Y', '', 'ö', '<|im_end|>']);
    expect(found).toMatchObject({
      as: 'sft',
      rows: 1,
      limit: 1024,
      counts: { example: { used: 1, tokens: tokens.length, labels: { trained: 4 }, cut: 0 } },
    });
  });

  it('of rows in other columns and another form, by a mapping', async () => {
    writeFileSync(join(cwd, 'rows.csv'), 'question,good,bad\nHi,Yö,No\n');
    writeFileSync(join(cwd, 'columns.yaml'), '{prompt: question, chosen: good, rejected: bad}\n');
    const { stdout } = await inspect('rows.csv', '--json', '--dataset_shape', 'columns.yaml');
    expect(sequencesOf(JSON.parse(stdout))[0].tokens).toEqual([...PROMPT, ...bytes('Yö'), END]);
    const unknown = await inspect('rows.csv', '--dataset_shape', 'pandaml');
    expect(unknown).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/dataset_shape: .*did you mean 'pandalm'/),
    });
  });

  it('of a conversation, the last answer or all', async () => {
    const messages = ['Hi', 'A', 'So', 'B'].map((content, i) => ({
      role: i % 2 ? 'assistant' : 'user',
      content,
    }));
    const last = await inspected([{ messages }]);
    const all = await inspected([{ messages }], '--train_on', 'all');
    const labels = ({ found }: typeof last) => {
      const [{ tokens, kinds }] = sequencesOf(found);
      return (tokens as number[]).filter((_, i) => kinds[i] === 'trained');
    };
    expect(labels(last)).toEqual([...bytes('B'), END]);
    expect(labels(all)).toEqual([...bytes('A'), END, ...bytes('B'), END]);
  });

  it('of a pair: both sides; by jsft its answer and the questions to the judge', async () => {
    const pair = { prompt: 'Hi', chosen: 'Yo', rejected: 'No way' };
    const { found } = await inspected([pair]);
    expect(found.as).toBe('dpo');
    const sides = sequencesOf(found);
    expect(sides.map(({ name }) => name)).toEqual(['chosen', 'rejected']);
    expect(sides[1].tokens).toEqual([...PROMPT, ...bytes('No way'), END]);
    const { found: jsft } = await inspected([pair], '--as', 'jsft');
    expect(sequencesOf(jsft)[0].tokens).toEqual(sides[0].tokens);
    const orders = sequencesOf(jsft, 0, 1);
    expect(orders).toHaveLength(2);
    for (const [i, { kinds, texts }] of orders.entries()) {
      expect(kinds.indexOf('verdict')).toBe(kinds.length - 1);
      expect(texts.at(-1)).toBe([' A', ' B'][i]);
    }
    expect(jsft.counts['judge example']).toMatchObject({ used: 1, sequences: 2, labels: { verdict: 2 } });
    const rationale = await inspected(
      preferenceRows().slice(0, 1),
      '--as',
      'jsft',
      '--judge_template',
      'rationale',
    );
    expect(rationale.found.counts['judge example'].labels.rationale).toBeGreaterThan(20);
  });

  it('of a prompt, and of a question to the judge: exactly what it reads', async () => {
    const asked = await inspected([{ prompt: 'Hi' }]);
    expect(asked.found.as).toBe('self-train');
    expect(sequencesOf(asked.found)[0].tokens).toEqual(PROMPT);
    const rows = [{ prompt: 'Hi', completions: ['Yo', 'No'] }];
    const { found } = await inspected(rows);
    expect(found.as).toBe('judge');
    const { stdout } = await run(['judge', 'rows.jsonl', '-m', 'model', '--dtype', 'float32'], { cwd });
    const read = (rowsOf(stdout)[0].orders as { rendered: string }[]).map(({ rendered }) => rendered);
    expect(sequencesOf(found).map(({ rendered }) => rendered)).toEqual(read);
    expect(sequencesOf(found)[0].verdicts).toEqual([259, 260]);
  });

  it('what is left out and why, by line; what is cut', async () => {
    const long = 'x'.repeat(40);
    const { code, found } = await inspected(
      [
        { prompt: 'Hi', completion: 'Yo' },
        '{broken',
        '',
        { prompt: 'Hi', completion: ' ' },
        { prompt: long, completion: 'Yo' },
        { prompt: 'Hi', completion: long },
      ],
      '--max_length',
      '50',
    );
    expect(code).toBe(0);
    expect(found.left_out.map(({ line, code: why }: { line: number; code: string }) => [line, why])).toEqual([
      [2, 'broken-line'],
      [4, 'empty-answer'],
      [5, 'prompt-too-long'],
    ]);
    expect(found.counts.example).toMatchObject({ used: 2, cut: 1, longest: { tokens: 50, line: 6 } });
    expect(found.shown.map(({ line }: { line: number }) => line)).toEqual([1, 4, 5]);
    const one = await inspected(
      [
        { prompt: 'Hi', completion: 'A' },
        { prompt: 'Hi', completion: 'B' },
      ],
      '--row',
      '2',
    );
    expect(one.found.shown).toHaveLength(1);
    expect(sequencesOf(one.found)[0].texts.at(-2)).toBe('B');
    expect((await inspect('rows.jsonl', '--row', '9')).stderr).toMatch(
      /rows.jsonl:9: expected a row on this line/,
    );
    const none = await inspected([{ prompt: 'Hi', completion: '' }]);
    expect(none).toMatchObject({ code: 1, found: { counts: {} } });
  });

  it('counts the tokens that training then computes', async () => {
    const flags = ['--dataset_split', 'all', '--max_length', '60', '--prompt_format', 'chat'];
    const { found } = await inspected(preferenceRows(), '--as', 'sft', ...flags);
    const loop = [
      '--train_batch_size',
      '12',
      '--max_steps',
      '1',
      '--dtype',
      'float32',
      '--output_dir',
      'run',
    ];
    await run(['sft', '-m', 'model', '--dataset_name', 'rows.jsonl', ...flags, ...loop], { cwd });
    const [row] = rowsOf(readFileSync(join(cwd, 'run/metrics.jsonl'), 'utf8'));
    expect(found.counts.example.tokens).toBe(row.num_tokens);
  });
});

describe('inspect', () => {
  it('prints rows, figures and what is left out, without colours in a pipe', async () => {
    writeRows(cwd, 'two.jsonl', [{ prompt: 'Hi', chosen: 'Yo', rejected: 'No' }, { prompt: 'Hi' }]);
    const { code, stdout, stderr } = await inspect('two.jsonl');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).not.toContain('\x1b');
    expect(stdout).toMatchInlineSnapshot(`
      "two.jsonl as dpo reads it, at most 1,024 tokens
      │ ends a token, ⏎ is a line break in it

      two.jsonl:1 chosen 24 tokens, 3 trained
         prompt  <|im_start|>│u│s│e│r│⏎│
                 H│i│<|im_end|>│⏎│
                 <|im_start|>│a│s│s│i│s│t│a│n│t│⏎
        trained  Y│o│<|im_end|>

      two.jsonl:1 rejected 24 tokens, 3 trained
         prompt  the same 21 tokens
        trained  N│o│<|im_end|>

      two.jsonl:2 pair left out: unknown-shape expected columns chosen and rejected, received prompt

      2 rows
        1 pair · 2 sequences · 48 tokens, 6 trained (13%) · longest 24 on line 1 · median 24

      1 left out
        two.jsonl:2 pair unknown-shape expected columns chosen and rejected, received prompt
      "
    `);
  });

  it('takes a run as a model, and its judge template', async () => {
    const loop = [
      '--max_steps',
      '1',
      '--train_batch_size',
      '2',
      '--judge_batch_size',
      '2',
      '--dtype',
      'float32',
    ];
    const data = [
      '--dataset_name',
      'pairs.jsonl',
      '--dataset_split',
      'all',
      '--judge_template',
      'principles',
    ];
    await run(['jsft', '-m', 'model', ...data, ...loop, '--output_dir', 'judge'], { cwd });
    writeRows(cwd, 'pair.jsonl', [{ prompt: 'Hi', completions: ['Yo', 'No'] }]);
    const { stdout } = await run(['inspect', 'pair.jsonl', '-m', 'judge', '--json'], { cwd });
    expect(sequencesOf(JSON.parse(stdout) as Record<string, any>)).toHaveLength(8);
  });

  it('of a run reads rows as the run does; flags go before it, and it says so', async () => {
    const flags = [
      '--max_length',
      '70',
      '--train_on',
      'all',
      '--prompt_format',
      'chat',
      '--dtype',
      'float32',
    ];
    const loop = [
      '--dataset_split',
      'all',
      '--max_steps',
      '1',
      '--train_batch_size',
      '2',
      '--output_dir',
      'own',
    ];
    const ended = await run(['sft', '-m', 'model', '--dataset_name', 'pairs.jsonl', ...flags, ...loop], {
      cwd,
    });
    expect(ended.code, ended.stderr).toBe(0);
    const messages = ['Hi', 'A', 'So', 'B'].map((content, i) => ({
      role: i % 2 ? 'assistant' : 'user',
      content,
    }));
    writeRows(cwd, 'own.jsonl', [{ messages }, { prompt: 'Hi', chosen: 'Yo', rejected: 'No' }]);
    const of = async (...more: string[]) => {
      const { stdout } = await run(['inspect', 'own.jsonl', '-m', 'own', '--json', ...more], { cwd });
      return JSON.parse(stdout) as Record<string, any>;
    };
    const own = await of();
    expect(own).toMatchObject({
      as: 'sft',
      limit: 70,
      counts: { example: { used: 2, labels: { trained: 7 } } },
    });
    const began = 'as the run in own began: ';
    expect(own.notes[0]).toBe(`${began}as sft, max_length 70, train_on all, prompt_format chat`);
    const given = await of('--max_length', '60', '--train_on', 'last', '--prompt_format', 'standard');
    expect(given).toMatchObject({ limit: 60, counts: { example: { labels: { trained: 5 } } } });
    expect(given.notes[0]).toBe(`${began}as sft`);
    // Of another verb only what a string prompt is.
    const pair = await of('--as', 'dpo');
    expect(pair).toMatchObject({ as: 'dpo', limit: 1024 });
    expect(pair.notes[0]).toBe(`${began}prompt_format chat`);
    const text = await run(['inspect', 'own.jsonl', '-m', 'own'], { cwd });
    expect(text.stdout).toContain(`note ${began}as sft, max_length 70`);
  });

  it('refuses what it does not know before a file is read', async () => {
    const wrong = await inspect('nowhere.jsonl', '--as', 'grpo');
    expect(wrong).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^error: as: expected one of auto, sft/),
    });
    expect(await inspect('nowhere.jsonl')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('nowhere.jsonl'),
    });
  });
});
