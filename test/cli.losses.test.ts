import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowsOf, run, temporaryFolder } from './support/cli.js';
import { saveTinyModel, writeRows } from './support/tinyModel.js';

const { path: cwd, remove } = temporaryFolder();
const words = (text: string) => text.split(' ');
const trained = (verb: string, data: string, out: string, ...flags: string[]) =>
  run(
    words(
      `${verb} -m model --dtype float32 --dataset_name ${data} --output_dir ${out} --max_steps 3 --train_batch_size 4 ` +
        `--learning_rate 0.01`,
    ).concat(flags),
    { cwd },
  );
const dpo = (out: string, ...flags: string[]) => trained('dpo', 'pairs.jsonl', out, ...flags);
const metricsOf = (out: string) => rowsOf(readFileSync(join(cwd, out, 'metrics.jsonl'), 'utf8'));
const lossesOf = (out: string) => metricsOf(out).map(({ loss, grad_norm: norm }) => [loss, norm]);

beforeAll(async () => {
  await saveTinyModel(join(cwd, 'model'));
  const rows = Array.from({ length: 8 }, (_, i) => ({
    prompt: `Question ${i}?`,
    chosen: `It is number ${i}.`,
    rejected: 'No idea.',
  }));
  writeRows(cwd, 'pairs.jsonl', rows);
  writeRows(
    cwd,
    'labelled.jsonl',
    rows.flatMap(({ prompt, chosen, rejected }) => [
      { prompt, completion: chosen, label: true },
      { prompt, completion: rejected, label: false },
    ]),
  );
}, 60_000);
afterAll(remove);

describe('losses on pairs', () => {
  it('are mixed by flags, and each is logged', async () => {
    const flags = ['--loss_type', 'sigmoid', 'sft', '--loss_weights', '1', '0.2'];
    expect(await dpo('mix', ...flags)).toMatchObject({ code: 0 });
    const [first] = metricsOf('mix');
    expect(first['loss/sigmoid']).toBe(Math.LN2);
    expect(first.loss).toBeCloseTo(Math.LN2 + 0.2 * first['loss/sft'], 9);
    expect(readFileSync(join(cwd, 'mix/config.yaml'), 'utf8')).toMatch(/loss_weights:\n {2}- 1\n {2}- 0.2\n/);
    // The same words again are the same run.
    expect(await dpo('mix', ...flags)).toMatchObject({ code: 0 });
  });

  it('without a reference have no time for one', async () => {
    expect(await dpo('simpo', '--loss_type', 'simpo', '--full_finetuning')).toMatchObject({ code: 0 });
    const [first] = metricsOf('simpo');
    expect(first['time/update']).toBeTypeOf('number');
    expect(first).not.toHaveProperty('time/reference');
  });

  it('refuse an option that they do not read, by name', async () => {
    const { code, stderr } = await dpo('wrong', '--loss_type', 'hinge', '--label_smoothing', '0.1');
    expect(code).toBe(2);
    expect(stderr).toMatch(/label_smoothing: expected 0 with hinge: it is read by sigmoid, .*received 0.1/);
  });
});

describe('precompute_ref_log_probs', () => {
  const kept = () =>
    readdirSync(join(cwd, 'runs/.reference_log_probs')).map((name) =>
      join(cwd, 'runs/.reference_log_probs', name),
    );
  const precompute = (out: string, ...flags: string[]) => dpo(out, '--precompute_ref_log_probs', ...flags);

  it('is kept beside the run, read by the next, and computed anew where it is damaged', async () => {
    expect(await dpo('runs/live')).toMatchObject({ code: 0 });
    expect(await precompute('runs/a')).toMatchObject({ code: 0 });
    expect(lossesOf('runs/a')).toEqual(lossesOf('runs/live'));
    const [file, ...others] = kept();
    expect(others).toEqual([]);
    const { mtimeMs } = statSync(file);
    expect(await precompute('runs/b', '--loss_type', 'ipo')).toMatchObject({ code: 0 });
    expect(kept()).toEqual([file]);
    expect(statSync(file).mtimeMs).toBe(mtimeMs);
    // Other rows are another file.
    expect(await precompute('runs/c', '--dataset_limit', '6')).toMatchObject({ code: 0 });
    expect(kept()).toHaveLength(2);
    writeFileSync(file, readFileSync(file, 'utf8').slice(0, 100));
    const { code, stderr } = await precompute('runs/d');
    expect([code, stderr]).toEqual([0, expect.stringMatching(/the reference is asked again/)]);
    expect(lossesOf('runs/d')).toEqual(lossesOf('runs/live'));
    expect(JSON.parse(readFileSync(file, 'utf8'))).toHaveProperty('sums');
  });

  it('is read by a run that goes on', async () => {
    expect(await precompute('runs/e', '--max_steps', '1')).toMatchObject({ code: 0 });
    expect(await precompute('runs/e')).toMatchObject({ code: 0 });
    expect(lossesOf('runs/e').slice(1)).toHaveLength(2);
  });
});

describe('a reference that moves', () => {
  const moving = ['--sync_ref_model', '--ref_model_sync_steps', '2', '--max_steps', '6'];

  it('goes on where it stood, of all weights', async () => {
    const full = [...moving, '--full_finetuning'];
    expect(await dpo('moving', ...full)).toMatchObject({ code: 0 });
    expect(await dpo('stopped-moving', ...full, '--max_steps', '3')).toMatchObject({ code: 0 });
    expect(await dpo('stopped-moving', ...full)).toMatchObject({ code: 0 });
    const all = lossesOf('moving');
    expect(all).toHaveLength(6);
    // The step after the stop is held against the reference of step 2, not against the start.
    expect(lossesOf('stopped-moving').slice(0, 4)).toEqual(all.slice(0, 4));
    expect(await dpo('still', '--full_finetuning', '--max_steps', '6')).toMatchObject({ code: 0 });
    expect(lossesOf('still').slice(0, 2)).toEqual(all.slice(0, 2));
    expect(lossesOf('still')[2]).not.toEqual(all[2]);
  });

  it('is a copy of an adapter, and asked for as one', async () => {
    const mixed = await dpo('wrong', ...moving);
    expect([mixed.code, mixed.stderr]).toEqual([
      2,
      expect.stringMatching(/ref_model_mixup_alpha: expected 1 with an adapter, .*received 0.6/),
    ]);
    const copied = await dpo('copied', ...moving, '--ref_model_mixup_alpha', '1');
    expect([copied.code, copied.stderr]).toEqual([
      0,
      expect.stringMatching(/sigmoid, beta 0.1, reference moving every 2 steps to the policy/),
    ]);
    const alternating = [true, false, true, false, true, false];
    expect(lossesOf('copied').map(([loss]) => loss === Math.LN2)).toEqual(alternating);
  });
});

describe('plackett_luce', () => {
  it('learns from rankings of sampled answers', async () => {
    const { code, stderr } = await trained(
      'self-train',
      'pairs.jsonl',
      'ranked',
      ...words('--loss_type plackett_luce --num_generations 3 --missing_eos keep --max_new_tokens 8'),
      ...words('--dataset_split all'),
    );
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/rankings of its own answers, by the judgment/),
    ]);
    const rows = metricsOf('ranked');
    expect(rows).toHaveLength(3);
    expect(rows[0]['judge/ranked_rate']).toBeGreaterThan(0);
  });
});

describe('kto', () => {
  const kto = (out: string, ...flags: string[]) => trained('kto', 'labelled.jsonl', out, ...flags);

  it('learns from answers with labels, and ends with the same bits after a stop', async () => {
    expect(await kto('kto', '--max_steps', '8')).toMatchObject({ code: 0 });
    const rows = metricsOf('kto');
    expect(rows[0]).toMatchObject({ loss: 0.5, kl: 0 });
    expect(rows.at(-1)!.loss).toBeLessThan(0.5);
    expect(await kto('stopped', '--max_steps', '3')).toMatchObject({ code: 0 });
    expect(await kto('stopped', '--max_steps', '8')).toMatchObject({ code: 0 });
    expect(lossesOf('stopped').slice(0, 3)).toEqual(lossesOf('kto').slice(0, 3));
  });

  it('refuses pairs, and a batch of one', async () => {
    const pairs = await trained('kto', 'pairs.jsonl', 'wrong');
    expect([pairs.code, pairs.stderr]).toEqual([1, expect.stringMatching(/prompt, completion and label/)]);
    const one = await kto('wrong', '--train_batch_size', '1');
    expect([one.code, one.stderr]).toEqual([
      2,
      expect.stringMatching(/train_batch_size: expected at least 2/),
    ]);
  });
});
