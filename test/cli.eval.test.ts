// Held-out rows while training, through the command: measured, said, kept in the run's records, and in its report.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowsOf, run, temporaryFolder } from './support/cli.js';
import { saveTinyModel, writeRows } from './support/tinyModel.js';

const { path: cwd, remove } = temporaryFolder();
const words = (text: string) => text.split(' ');
const trained = (verb: string, flags: string) =>
  run(
    words(
      `${verb} -m model --dtype float32 --dataset_name pairs.jsonl --eval_dataset_name held-pairs.jsonl ` +
        `--eval_steps 2 --output_dir ${verb} --max_steps 3 --train_batch_size 4 --learning_rate 0.01 ${flags}`,
    ),
    { cwd },
  );
const textOf = (path: string) => readFileSync(join(cwd, path), 'utf8');
const metricsOf = (out: string) => rowsOf(textOf(`${out}/metrics.jsonl`));

beforeAll(async () => {
  await saveTinyModel(join(cwd, 'model'));
  const pairs = (from: number) =>
    Array.from({ length: 8 }, (_, i) => ({
      prompt: `Question ${from + i}?`,
      chosen: `It is number ${i}.`,
      rejected: 'No idea.',
    }));
  writeRows(cwd, 'pairs.jsonl', pairs(0));
  writeRows(cwd, 'held-pairs.jsonl', pairs(100));
}, 60_000);
afterAll(remove);

describe('--eval_dataset_name', () => {
  it.each([
    ['jsft', 'judge', ['eval_loss', 'eval_loss/verdict', 'eval_judge_pairs'], 'eval_judge_accuracy'],
    ['dpo', 'accuracy', ['eval_loss', 'eval_rewards/margins'], 'eval_rewards/accuracies'],
    ['reward', 'accuracy', ['eval_loss', 'eval_margin'], 'eval_accuracy'],
  ])('%s: is measured, and %s chooses the step that is kept', async (verb, by, names, metric) => {
    const { code, stderr } = await trained(verb, `--select_by ${by}`);
    expect(code, stderr).toBe(0);
    const rows = metricsOf(verb);
    // Every second step and the last.
    for (const name of [...names, metric])
      expect(rows.map((row) => typeof row[name])).toEqual(['undefined', 'number', 'number']);
    expect(stderr).toMatch(new RegExp(`step \\d kept, best by ${metric} on 8 held-out rows`));
    expect(stderr).not.toContain('is trained on');
    const { bestStep, chosenBy } = JSON.parse(textOf(`${verb}/summary.json`)) as Record<string, unknown>;
    expect(chosenBy).toEqual({ judge: metric, n: 8, of: 'held-out rows' });
    expect([2, 3]).toContain(bestStep);
    expect(textOf(`${verb}/report.html`)).toContain(`step ${String(bestStep)} kept, best by ${metric}`);
  });

  it('says which rows are trained on too, and refuses other rows in a run that goes on', async () => {
    const flags = words(
      'sft -m model --dtype float32 --dataset_name pairs.jsonl --eval_steps 1 --max_steps 1 --output_dir shared',
    );
    const { stderr } = await run([...flags, '--eval_dataset_name', 'pairs.jsonl'], { cwd });
    expect(stderr).toContain('8 of 8 rows of eval_dataset_name have a prompt that is trained on');
    const other = await run([...flags, '--eval_dataset_name', 'held-pairs.jsonl'], { cwd });
    expect(other).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('the rows that the run') as string,
    });
  });

  it('names prompts for the judge of self-training, whatever is trained on', async () => {
    const flags = words(
      'self-train -m model --dtype float32 --dataset_name pairs.jsonl --dataset_split all --eval_steps 1 ' +
        '--eval_dataset_name held-pairs.jsonl --max_steps 1 --train_batch_size 2 --max_new_tokens 4 ' +
        '--missing_eos keep --output_dir self',
    );
    const { code, stderr } = await run(flags, { cwd });
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('best by the judge it trained on on 8 dev prompts');
    expect(metricsOf('self')[0]['eval/judge_win_rate']).toBeTypeOf('number');
  });
});
