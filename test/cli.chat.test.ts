import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowsOf, run, temporaryFolder } from './support/cli.js';
import { inTerminal } from './support/terminal.js';
import { saveTinyModel, writeRows } from './support/tinyModel.js';

const { path: cwd, remove } = temporaryFolder();
const M = ['-m', 'model', '--dtype', 'float32', '--device', 'cpu'];
const chat = (stdin: string, ...flags: string[]) => run(['chat', ...M, ...flags], { cwd, stdin });

beforeAll(() => saveTinyModel(join(cwd, 'model')));
afterAll(remove);

describe('from a pipe', () => {
  it('answers each line as generate does the conversation so far, with the next seed each', async () => {
    const { code, stdout, stderr } = await chat(
      'Hi\nAnd?\n/save said.jsonl\n',
      '--max_new_tokens',
      '9',
      '--seed',
      '4',
    );
    expect(code).toBe(0);
    expect(stderr).toMatch(/^warning: cut at --max_new_tokens 9\n[^]*2 turns saved to said.jsonl\n$/);
    const [{ messages }] = rowsOf(readFileSync(join(cwd, 'said.jsonl'), 'utf8'));
    const [hi, first, and, second] = messages as { role: string; content: string }[];
    expect([hi, and]).toEqual([
      { role: 'user', content: 'Hi' },
      { role: 'user', content: 'And?' },
    ]);
    expect(stdout).toBe(`${first.content}\n\n${second.content}\n`);
    const told = async (prompt: object[], seed: string) => {
      const file = writeRows(cwd, `prompt-${seed}.jsonl`, [{ prompt }]);
      const flags = ['generate', file, ...M, '--max_new_tokens', '9', '--seed', seed];
      return rowsOf((await run(flags, { cwd })).stdout)[0].completion as string;
    };
    expect(await told([hi], '4')).toBe(first.content);
    expect(await told([hi, first, and], '5')).toBe(second.content);
  });

  it('obeys commands, goes on after what is wrong, and fails at its end', async () => {
    const lines = [
      '/nope',
      '/undo',
      'Hi',
      '/system Be brief.',
      '/undo',
      '/save none.jsonl',
      'a\\',
      'b',
      '/save out.jsonl',
    ];
    const { code, stderr } = await chat(
      [...lines, '/save model', '/exit', 'never'].join('\n'),
      '--max_new_tokens',
      '3',
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^error: \[chat\] command: expected a command that \/help lists .*received \/nope$/m,
    );
    expect(stderr).toMatch(/^there is nothing to take back$/m);
    expect(stderr).toMatch(/^the conversation is empty$/m);
    expect(stderr).toMatch(/\/save: expected a conversation with an answer, received an empty one$/m);
    expect(stderr).toMatch(/\/save: expected a file that is not there yet, .*received model$/m);
    expect(existsSync(join(cwd, 'none.jsonl'))).toBe(false);
    const [{ messages }] = rowsOf(readFileSync(join(cwd, 'out.jsonl'), 'utf8'));
    expect(messages.slice(0, 2)).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'a\nb' },
    ]);
    expect(messages).toHaveLength(3);
  });

  it('/save takes ~ for the home folder, and /exit reads no line behind it', async () => {
    const shell = `HOME='${cwd}'; export HOME`;
    const stdin = 'Hi\n/save ~/home.jsonl\n/save ~nobody/x\n/help\n/exit\nnever\n/save never.jsonl\n';
    const ended = await run(['chat', ...M, '--max_new_tokens', '3'], { cwd, stdin, shell });
    expect(ended.stderr).toContain(`1 turn saved to ${join(cwd, 'home.jsonl')}\n`);
    expect(ended.stderr).toMatch(/^error: \/save: expected a path; .*received ~nobody\/x$/m);
    expect(ended.stderr).toContain('Lines behind it are not read');
    expect(rowsOf(readFileSync(join(cwd, 'home.jsonl'), 'utf8'))).toHaveLength(1);
    expect(existsSync(join(cwd, 'never.jsonl'))).toBe(false);
    expect(ended.code).toBe(1);
  });

  it('--best_of shows the bracket on stderr, and the winner alone on stdout', async () => {
    const flags = ['--best_of', '3', '--max_new_tokens', '4'];
    const { code, stdout, stderr } = await chat('Hi\n', ...flags);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^3 answers, \d judgments?\n/);
    expect(stderr).toMatch(/ wins$/m);
    const one = await run(['generate', '--prompt', 'Hi', ...M, ...flags], { cwd });
    expect(stdout).toBe(one.stdout);
  });

  it('says what to do when the context is full, and keeps the conversation', async () => {
    await saveTinyModel(join(cwd, 'short'), { config: { maxPositions: 64 } });
    const flags = ['chat', '-m', 'short', '--dtype', 'float32', '--max_new_tokens', '10'];
    const stdin = `${'long '.repeat(9)}\nHi\n/save kept.jsonl\n`;
    const { code, stdout, stderr } = await run(flags, { cwd, stdin });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^error: \[chat\] conversation: expected at most 54 tokens, the model's context of 64 less 10 for the answer \(\/undo .*received \d+ with this question/m,
    );
    expect(stdout).not.toBe('');
    const [{ messages }] = rowsOf(readFileSync(join(cwd, 'kept.jsonl'), 'utf8'));
    expect(messages.map(({ content }: { content: string }) => content)[0]).toBe('Hi');
    const never = await run([...flags.slice(0, -1), '64'], { cwd, stdin });
    expect(never).toMatchObject({ code: 1, stdout: '' });
    expect(never.stderr).toMatch(/max_new_tokens: expected less than the model's context of 64 tokens/);
  });

  it('refuses values out of range before a model is looked for', async () => {
    const wrong = await run(['chat', '-m', 'nowhere', '--top_p', '0'], { cwd, stdin: '' });
    expect(wrong).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/^error: top_p: expected/),
    });
    const template = await run(['chat', '-m', 'nowhere', '--best_of', '2', '--judge_template', 'plan'], {
      cwd,
      stdin: '',
    });
    expect(template.code).not.toBe(0);
  });
});

describe('in a terminal', () => {
  it('Ctrl-C stops an answer and not the program, at the prompt it leaves', async () => {
    // At temperature 0 the random model repeats itself, for half a minute.
    await saveTinyModel(join(cwd, 'long'), { config: { maxPositions: 1 << 17 } });
    const flags = ['-m', 'long', '--device', 'cpu', '--max_new_tokens', '100000', '--temperature', '0'];
    const { type, until, ended } = inTerminal(['chat', ...flags], cwd);
    await until(/\/help lists the commands[^]*>>> /);
    type('Hi\r');
    await until(/(\r\n){6}/);
    type('\x03');
    await until(/stopped; what has come is kept, \/undo takes it back[^]*>>> /);
    type('/undo\r');
    await until(/the conversation is empty[^]*>>> /);
    type('/help\r');
    await until(/\/save FILE +write the conversation[^]*>>> /);
    type('\x03');
    expect(await ended).toBe(0);
  });
});
