// Files as people name them: from a subfolder, from the standard input, in the home folder, twice.
import { spawnSync } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from './support/cli.js';
import { preferenceRows, saveTinyModel, writeRows } from './support/tinyModel.js';

const { path: cwd, remove } = temporaryFolder();
afterAll(remove);
const MAIN = fileURLToPath(new URL('../packages/selfjudge/dist/cli/main.js', import.meta.url));
const LOOP = '--dtype float32 --max_steps 1 --train_batch_size 2 --lora_r 2'.split(' ');

beforeAll(async () => {
  await saveTinyModel(join(cwd, 'model'));
  writeRows(cwd, 'pairs.jsonl', preferenceRows());
  writeRows(cwd, 'rows.jsonl', [{ prompt: 'Hi', completion: 'Yes.' }]);
  mkdirSync(join(cwd, 'sub'));
  mkdirSync(join(cwd, 'home'));
});

function cli(args: string[], { input = '', from = '.' } = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    cwd: join(cwd, from),
    input,
    encoding: 'utf8',
    env: { ...process.env, HOME: join(cwd, 'home') },
  });
  return { code: status, stdout, stderr };
}
const text = (name: string) => readFileSync(join(cwd, name), 'utf8');

describe('paths', () => {
  it('from a subfolder mean what they mean there, and a run goes on from another folder', () => {
    const flags = ['--dataset_split', 'all', ...LOOP];
    const first = cli(
      ['dpo', '-m', '../model', '--dataset_name', '../pairs.jsonl', '--output_dir', '../run', ...flags],
      {
        from: 'sub',
      },
    );
    expect(first).toMatchObject({ code: 0 });
    const again = cli([
      'dpo',
      '-m',
      'model',
      '--dataset_name',
      'pairs.jsonl',
      '--output_dir',
      'run',
      ...flags,
    ]);
    expect(again.stderr).toContain('run is complete already');
    expect(again.code).toBe(0);
    expect(cli(['score', '../rows.jsonl', '-m', '../run', '--dtype', 'float32'], { from: 'sub' }).code).toBe(
      0,
    );
  });

  it('have ~ and $HOME where no shell saw them', () => {
    const scored = cli(['score', 'rows.jsonl', '-m', 'model', '--dtype', 'float32', '--out=~/out.jsonl']);
    expect(scored).toMatchObject({ code: 0, stdout: '' });
    expect(existsSync(join(cwd, 'home/out.jsonl'))).toBe(true);
    expect(existsSync(join(cwd, '~'))).toBe(false);
    const read = cli(['score', '$HOME/none.jsonl', '-m', 'model']);
    expect(read.stderr).toContain(join(cwd, 'home/none.jsonl'));
  });
});

describe('-', () => {
  it('is the standard input, wherever a file goes', () => {
    const args = ['-m', 'model', '--dtype', 'float32'];
    const fromFile = cli(['score', 'rows.jsonl', ...args]);
    expect(cli(['score', '-', ...args], { input: text('rows.jsonl') }).stdout).toBe(fromFile.stdout);
    const recipe = `model_name_or_path: model\ndataset_name: pairs.jsonl\noutput_dir: piped\n`;
    const config = ['sft', '--config', '-', ...LOOP, '--dry_run'];
    expect(cli(config, { input: recipe }).stderr).toMatch(/^rows +\d+ read/m);
    const data = ['sft', ...args, '--dataset_name', '-', '--output_dir', 'piped', '--max_steps', '1'];
    expect(cli(data, { input: text('pairs.jsonl') }).code).toBe(0);
    const both = cli([...config, '--dataset_name', '-'], { input: recipe });
    expect(both.stderr).toContain('dataset_name: expected a file, as the configuration is read from stdin');
  });
});

describe('an output that is an input', () => {
  it('is refused, by whatever name', () => {
    const before = text('rows.jsonl');
    symlinkSync(join(cwd, 'rows.jsonl'), join(cwd, 'link.jsonl'));
    linkSync(join(cwd, 'rows.jsonl'), join(cwd, 'hard.jsonl'));
    for (const out of [
      'rows.jsonl',
      './sub/../rows.jsonl',
      'link.jsonl',
      'hard.jsonl',
      'model/config.json',
    ]) {
      const { code, stderr } = cli(['score', 'rows.jsonl', '-m', 'model', '--out', out]);
      expect({ code, stderr }, out).toEqual({
        code: 2,
        stderr: `error: --out: expected a file that is no input of this command: it would be lost, received ${out}\n`,
      });
    }
    expect(text('rows.jsonl')).toBe(before);
  });

  it('is refused as the folder of a run too', () => {
    const run = (model: string, output: string) =>
      cli(['dpo', '-m', model, '--dataset_name', 'pairs.jsonl', '--output_dir', output, ...LOOP]);
    expect(run('model', './sub/../model').stderr).toMatch(
      /output_dir: expected another folder than that of the model/,
    );
    expect(existsSync(join(cwd, 'model/config.yaml'))).toBe(false);
    expect(run('run/final', 'run').stderr).toMatch(/output_dir: expected another folder/);
    expect(run('run', 'run').stderr).toMatch(/output_dir: expected another folder/);
  });
});
