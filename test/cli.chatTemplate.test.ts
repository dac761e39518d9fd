import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { byteTokenizer } from '@selfjudge/text';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowsOf, run, start, temporaryFolder } from './support/cli.js';
import { outcome } from './support/outcome.js';
import { saveTinyModel, writeRows } from './support/tinyModel.js';

const { path: cwd, remove } = temporaryFolder();
const HEAD = "{{ mood }}|{{ strftime_now('%Y-%m-%d') }}|{{ tools | tojson if tools }}";
const tools = [{ name: 'f' }];

beforeAll(async () => {
  await saveTinyModel(join(cwd, 'model'));
  writeFileSync(join(cwd, 'dated.jinja'), HEAD + byteTokenizer().files.chatTemplate);
});
afterAll(remove);

const cli = (...args: string[]) => run([...args, '-m', 'model', '--dtype', 'float32'], { cwd });
const loop = (folder: string) =>
  `--dataset_split all --max_steps 1 --train_batch_size 2 --output_dir ${folder}`.split(' ');

describe('columns for a chat template', () => {
  const asked = { prompt: 'Hi', tools, chat_template_kwargs: { mood: 'glad' } };
  const told = { ...asked, prompt: [{ role: 'user', content: 'Hi' }] };
  const answers = { chosen: 'Yo', rejected: 'No' };
  const NOTE = (count: string) =>
    `${count} prompts have columns without effect (chat_template_kwargs, tools): `;
  const STANDARD = 'text as it stands goes through no chat template';
  const JUDGED = 'the question to the judge shows the turns of a prompt alone';

  it.each(['sft', 'jsft', 'dpo', 'self-train'])('%s says once that standard text has none', async (verb) => {
    writeRows(cwd, 'pairs.jsonl', [
      { ...asked, ...answers },
      { prompt: 'So', ...answers },
      { ...asked, prompt: 'Hm', ...answers },
    ]);
    const { code, stderr } = await cli(verb, '--dataset_name', 'pairs.jsonl', ...loop(verb), '--dry_run');
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr.split(`note: ${NOTE('2 of 3')}${STANDARD}\n`)).toHaveLength(2);
  });

  it('the verbs over rows say it, and judge of conversations too', async () => {
    const completions = ['Yo', 'No'];
    writeRows(cwd, 'rows.jsonl', [
      { ...asked, completion: 'Yo', completions },
      { prompt: 'So', completion: 'Yo', completions },
      { ...told, completion: 'Yo', completions },
    ]);
    for (const verb of ['score', 'generate']) {
      const { code, stderr } = await cli(verb, 'rows.jsonl', '--chat_template', 'dated.jinja');
      expect(code, stderr).toBe(0);
      expect(stderr.split(`note: ${NOTE('1 of 3')}${STANDARD}\n`), verb).toHaveLength(2);
    }
    const { stderr } = await cli('judge', 'rows.jsonl');
    expect(stderr.split(`note: ${NOTE('2 of 3')}${JUDGED}\n`)).toHaveLength(2);
    for (const [as, note] of [
      ['sft', `${NOTE('1 of 3')}${STANDARD}`],
      ['judge', `${NOTE('2 of 3')}${JUDGED}`],
    ]) {
      const { stdout } = await run(['inspect', 'rows.jsonl', '-m', 'model', '--as', as], { cwd });
      expect(stdout, as).toContain(`note ${note}\n`);
    }
  });

  it('nothing is said where there are none, or empty ones', async () => {
    const rows = [
      { prompt: 'Hi', completion: 'Yo' },
      { ...asked, completion: 'Yo' },
    ];
    writeRows(cwd, 'plain.jsonl', [rows[0], { ...rows[0], tools: [], documents: null }]);
    writeRows(cwd, 'chat.jsonl', rows);
    expect((await cli('score', 'plain.jsonl')).stderr).not.toContain('without effect');
    expect((await cli('score', 'chat.jsonl', '--prompt_format', 'chat')).stderr).not.toContain('effect');
  });
});

describe('training with --chat_template_kwargs', () => {
  const question = {
    prompt: [{ role: 'user', content: 'Hi' }],
    completion: [{ role: 'assistant', content: 'Yo' }],
  };
  const text = (...path: string[]) => readFileSync(join(cwd, ...path), 'utf8');
  /** Two steps on two rows with the template that shows mood, day and tools. */
  async function sft(folder: string, row: object, ...flags: string[]) {
    const rows = writeRows(cwd, `${folder}.jsonl`, [row, row]);
    const template = ['--dataset_name', rows, '--chat_template', 'dated.jinja'];
    const ended = await cli('sft', ...template, ...loop(folder), ...flags);
    expect(ended.code, ended.stderr).toBe(0);
    return { ...ended, metrics: rowsOf(text(folder, 'metrics.jsonl')) };
  }
  const lossOf = ({ metrics }: Awaited<ReturnType<typeof sft>>) => metrics.map(({ loss }) => loss as number);
  const DAY = ['--chat_template_date', '2020-01-02'];
  const GLAD = ['--chat_template_kwargs', '{mood: glad, tools: [{name: f}]}'];

  it('is the same as a flag, in YAML and by row; config.yaml and the weights keep it', async () => {
    const flag = await sft('flag', question, ...DAY, ...GLAD);
    expect(flag.stderr).toContain('the chat template is told {mood: "glad", tools: [{"name":"f"}]}');
    const kept =
      'chat_template_kwargs:\n  mood: glad\n  tools:\n    - name: f\nchat_template_date: 2020-01-02\n';
    expect(text('flag/config.yaml')).toContain(kept);
    expect(JSON.parse(text('flag/final/chat_template_kwargs.json'))).toEqual({ mood: 'glad', tools });
    const yaml =
      'chat_template_kwargs:\n  mood: glad\n  tools:\n    - name: f\nchat_template_date: 2020-01-02\n';
    writeFileSync(join(cwd, 'config.yaml'), yaml);
    const row = { ...question, tools, chat_template_kwargs: { mood: 'glad' } };
    const others = [
      await sft('yaml', question, '--config', 'config.yaml'),
      await sft('row', row, ...DAY),
      // A row's own go before those of all rows.
      await sft('over', row, ...DAY, '--chat_template_kwargs', '{mood: sad}'),
    ];
    for (const other of others) expect(lossOf(other)).toEqual(lossOf(flag));
    expect(existsSync(join(cwd, 'row/final/chat_template_kwargs.json'))).toBe(false);
    const without = [
      await sft('none', question, ...DAY),
      await sft('sad', { ...row, chat_template_kwargs: {} }, ...DAY),
    ];
    for (const other of without) expect(lossOf(other)).not.toEqual(lossOf(flag));
  });

  it('the run is gone on with by the same ones alone, and used with them', async () => {
    if (!existsSync(join(cwd, 'flag'))) await sft('flag', question, ...DAY, ...GLAD);
    const base = ['sft', '--config', 'flag/config.yaml'];
    const other = await run([...base, '--chat_template_kwargs', '{mood: sad}'], { cwd });
    expect(other).toMatchObject({ code: 2, stdout: '' });
    expect(other.stderr).toMatch(
      /^error: chat_template_kwargs: expected .*glad.* as the run in flag began with/,
    );
    expect((await run(base, { cwd })).stderr).toContain('flag is complete already');
    writeRows(cwd, 'rows.jsonl', [question]);
    const inspect = ['inspect', 'rows.jsonl', '-m', 'flag', '--json', '--chat_template_date', '2021-03-04'];
    const { stdout } = await run(inspect, { cwd });
    expect(stdout).toContain('glad|2021-03-04|[{\\"name\\": \\"f\\"}]<|im_start|>user');
  });

  it('refuses what is none, by key', async () => {
    for (const given of ['{messages: []}', '[1]', '{tools: f}']) {
      const flags = ['--dataset_name', 'rows.jsonl', ...loop('refused'), '--chat_template_kwargs', given];
      const { code, stderr } = await cli('sft', ...flags);
      expect({ code, stderr }).toEqual({
        code: 2,
        stderr: expect.stringContaining('error: chat_template_kwargs: expected'),
      });
    }
    const dated = await cli(
      'sft',
      '--dataset_name',
      'rows.jsonl',
      ...loop('refused'),
      '--chat_template_date',
      '2020-13-01',
    );
    expect(dated).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^error: chat_template_date: expected/),
    });
    expect(existsSync(join(cwd, 'refused'))).toBe(false);
  });
});

describe('the day of strftime_now', () => {
  const rows = Array.from({ length: 40 }, (_, i) => ({
    messages: [
      { role: 'user', content: `Thing ${i}?` },
      { role: 'assistant', content: `Yes, ${i}.` },
    ],
  }));
  const sft = (folder: string, ...flags: string[]) => [
    ...'sft -m model --dtype float32 --dataset_name days.jsonl --chat_template dated.jinja'.split(' '),
    ...'--max_steps 30 --train_batch_size 2 --save_steps 3 --output_dir'.split(' '),
    folder,
    ...flags,
  ];
  const dayOf = (folder: string) =>
    /^chat_template_date: ['"]?([\dT:-]+)/m.exec(readFileSync(join(cwd, folder, 'config.yaml'), 'utf8'))?.[1];
  const DAY = ['--chat_template_date', '2020-01-02'];

  it('is the one that a run began with, for as long as it goes on', async () => {
    writeRows(cwd, 'days.jsonl', rows);
    expect((await run(sft('whole', ...DAY), { cwd })).code).toBe(0);
    const first = start(sft('stopped', ...DAY), { cwd });
    await first.until(/20%/);
    first.child.kill('SIGINT');
    expect((await first.ended).code).toBe(130);
    // The same command on another day says nothing of the first.
    const resumed = await run(sft('stopped'), { cwd });
    expect(resumed.stderr).toContain('going on after step');
    expect(resumed.code).toBe(0);
    expect(dayOf('stopped')).toBe('2020-01-02');
    expect(outcome(join(cwd, 'stopped'))).toEqual(outcome(join(cwd, 'whole')));
    const other = await run(sft('stopped', '--chat_template_date', '2020-01-03'), { cwd });
    expect(other).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^error: chat_template_date: expected/),
    });
  });

  it('is today where nothing is said, and written down', async () => {
    writeRows(cwd, 'days.jsonl', rows.slice(0, 2));
    const before = Date.now() - 1000;
    expect((await run(sft('today', '--max_steps', '1'), { cwd })).code).toBe(0);
    const day = new Date(dayOf('today')!).getTime();
    expect(day).toBeGreaterThan(before);
    expect(day).toBeLessThanOrEqual(Date.now());
  });
});
