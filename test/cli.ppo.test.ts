import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowsOf, run, temporaryFolder } from './support/cli.js';
import { preferenceRows, saveTinyModel, writeRows } from './support/tinyModel.js';

const { path: cwd, remove } = temporaryFolder();
const words = (text: string) => text.split(' ');
const call = (verb: string, text: string, ...flags: string[]) =>
  run(
    words(`${verb} --dtype float32 --dataset_name pairs.jsonl --train_batch_size 4 ${text}`).concat(flags),
    {
      cwd,
    },
  );
const ppo = (out: string, ...flags: string[]) =>
  call(
    'ppo',
    `--output_dir ${out} --max_steps 4 --max_new_tokens 6 --dataset_split all --learning_rate 0.01`,
    ...flags,
  );
const metricsOf = (out: string) => rowsOf(readFileSync(join(cwd, out, 'metrics.jsonl'), 'utf8'));

beforeAll(async () => {
  await saveTinyModel(join(cwd, 'model'));
  writeRows(
    cwd,
    'pairs.jsonl',
    preferenceRows().map((row, i) => ({ ...row, prompt: `Question ${i}?` })),
  );
  expect(await call('reward', '-m model --output_dir rm --max_steps 4')).toMatchObject({ code: 0 });
  expect(await call('jsft', '-m model --output_dir jsft --max_steps 2')).toMatchObject({ code: 0 });
  expect(await ppo('run', '-m', 'jsft', '--reward_model_path', 'rm')).toMatchObject({ code: 0 });
}, 120_000);
afterAll(remove);

describe('ppo', () => {
  it('trains on a JSFT run by a reward model, under the names of TRL, and saves a policy', () => {
    const rows = metricsOf('run');
    expect(rows).toHaveLength(4);
    for (const key of words(
      'objective/kl objective/entropy objective/non_score_reward objective/rlhf_reward objective/scores objective/kl_coef ' +
        'policy/approxkl_avg policy/clipfrac_avg loss/policy_avg loss/value_avg val/clipfrac_avg val/ratio val/ratio_var ' +
        'val/num_eos_tokens episode learning_rate grad_norm',
    ))
      expect(rows[3][key], key).toBeTypeOf('number');
    expect(rows[0]['objective/kl']).toBeCloseTo(0, 5);
    expect(rows[3]).toMatchObject({ episode: 16, 'sampling/logp_diff': 0, 'ppo/unscored': 0 });
    expect(existsSync(join(cwd, 'run/final/adapter_config.json'))).toBe(true);
    const config = readFileSync(join(cwd, 'run/final/adapter_config.json'), 'utf8');
    expect(JSON.parse(config)).toMatchObject({ task_type: 'CAUSAL_LM' });
  });

  it('asks the judge of its start where none is named, for a chance between 0 and 1', async () => {
    const { code } = await ppo('judged', '-m', 'jsft', '--max_steps', '1');
    expect(code).toBe(0);
    const [row] = metricsOf('judged');
    expect(row['objective/scores']).toBeGreaterThan(0);
    expect(row['objective/scores']).toBeLessThan(1);
  });

  it('says what it learns from, and refuses what cannot be', async () => {
    const planned = await ppo('planned', '-m', 'jsft', '--kl_target', '6', '--dry_run');
    expect(planned.code).toBe(0);
    expect(planned.stderr.replaceAll(/\s+/g, ' ')).toMatch(
      /less 0.05 x KL to the start, steered to 6 nats; 4 updates/,
    );
    const cut = await ppo('cut', '-m', 'jsft', '--num_mini_batches', '3');
    expect(cut.code).not.toBe(0);
    expect(cut.stderr).toMatch(/num_mini_batches: expected a divisor of train_batch_size, 4, received 3/);
    const drawn = await ppo('drawn', '-m', 'jsft', '--top_p', '0.9');
    expect(drawn.stderr).toMatch(/unknown option '--top_p'/);
  });
});
