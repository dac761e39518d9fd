// The command with names on the hub, against a stand-in of it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { StandInHub } from '@selfjudge/testing/hub/standIn';
import { run as runCommand, rowsOf, start as startCommand, temporaryFolder } from './support/cli.js';
import { saveTinyModel } from './support/tinyModel.js';

const { path: cwd, remove } = temporaryFolder();
const cache = join(cwd, 'cache');
let hub: StandInHub;

const filesOf = (folder: string) =>
  Object.fromEntries(
    readdirSync(join(cwd, folder)).map((name) => [name, readFileSync(join(cwd, folder, name))]),
  );
const lines = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const env = (more: Record<string, string> = {}) => ({
  HF_ENDPOINT: hub.url,
  HF_HUB_CACHE: cache,
  HF_HOME: join(cwd, 'home'),
  HF_TOKEN: '',
  ...more,
});
const run = (args: string, more?: Record<string, string>) =>
  runCommand(args.split(' '), { cwd, env: env(more) });

beforeAll(async () => {
  hub = await StandInHub.start();
  await saveTinyModel(join(cwd, 'first'), { seed: 1 });
  await saveTinyModel(join(cwd, 'second'), { seed: 2 });
});
beforeEach(() => {
  hub.asked.length = 0;
  hub.fault = () => undefined;
});
afterAll(async () => {
  await hub.close();
  remove();
});

describe('pull', () => {
  it('prints where a model lies; Ctrl-C ends it with 130, and it goes on from there', async () => {
    hub.add('model', 'owner/large', { ...filesOf('first'), 'model.safetensors': Buffer.alloc(3_000_000, 1) });
    // The second half never comes.
    let requests = 0;
    hub.fault = ({ at }) =>
      at === 'cdn' ? (requests++ === 0 ? { cutAfter: 1_500_000 } : { silent: true }) : undefined;
    const pulling = startCommand(['pull', 'owner/large'], { cwd, env: env() });
    await pulling.until(/[3-5]\d%/);
    pulling.child.kill('SIGINT');
    const { code, stdout, stderr } = await pulling.ended;
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(stderr).not.toContain('error');
    hub.fault = () => undefined;
    hub.asked.length = 0;
    const again = await run('pull owner/large --revision main --json');
    expect(again.stderr).toMatch(/^download +100% +[\d.]+ MB of 3.\d MB +[\d.]+ [kM]?B\/s +in \d+ s$/m);
    expect(JSON.parse(again.stdout)).toMatchObject({ files: Object.keys(filesOf('first')).length });
    expect(hub.asked.find(({ at }) => at === 'cdn')!.range).toMatch(/^bytes=[1-9]\d+-$/);
  });

  it('says in one line what is wrong', async () => {
    const none = await run('pull owner/none');
    expect(none).toMatchObject({ code: 1, stdout: '' });
    expect(none.stderr).toMatch(
      /^error: owner\/none: expected the model owner\/none on http.*set HF_TOKEN\)\n$/,
    );
  });
});

describe('names on the hub', () => {
  it('are taken wherever a path goes', async () => {
    hub.add('model', 'owner/model', filesOf('first'));
    hub.add('model', 'owner/judge', filesOf('second'));
    hub.add('dataset', 'owner/asked', { 'prompts.jsonl': lines([{ prompt: 'Hi' }, { prompt: 'Why?' }]) });
    const generate = await run(
      'generate hf://datasets/owner/asked -m hf://owner/model --judge owner/judge --best_of 2 --max_new_tokens 2 --dtype float32',
    );
    expect(generate).toMatchObject({ code: 0 });
    expect(rowsOf(generate.stdout)).toHaveLength(2);
  });
});
