import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { byteTokenizer } from '@selfjudge/text';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, temporaryFolder } from './support/cli.js';
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
