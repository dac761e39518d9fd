import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowsOf, run, temporaryFolder } from './support/cli.js';
import { preferenceRows, saveTinyModel, writeRows } from './support/tinyModel.js';

const { path: cwd, remove } = temporaryFolder();
const words = (text: string) => text.split(' ');
const reward = (out: string, ...flags: string[]) =>
  run(
    words(
      `reward -m model --dtype float32 --dataset_name pairs.jsonl --output_dir ${out} --max_steps 12 --train_batch_size 6 ` +
        `--learning_rate 0.02 --lr_scheduler_type constant`,
    ).concat(flags),
    { cwd },
  );
const metricsOf = (out: string) => rowsOf(readFileSync(join(cwd, out, 'metrics.jsonl'), 'utf8'));
const json = (path: string) => JSON.parse(readFileSync(join(cwd, path), 'utf8')) as Record<string, unknown>;

beforeAll(async () => {
  await saveTinyModel(join(cwd, 'model'));
  const rows = preferenceRows().map((row, i) => ({ ...row, prompt: `Question ${i}?` }));
  writeRows(cwd, 'pairs.jsonl', rows);
  expect(await reward('run')).toMatchObject({ code: 0 });
}, 60_000);
afterAll(remove);

describe('reward', () => {
  it('learns which answer is better, under the names of TRL', () => {
    const rows = metricsOf('run');
    expect(rows[0].loss).toBeCloseTo(Math.log(2), 1);
    expect(rows.at(-1)).toMatchObject({ accuracy: 1 });
    expect(rows.at(-1)!.loss).toBeLessThan(0.1);
    for (const key of ['margin', 'min_reward', 'mean_reward', 'max_reward', 'grad_norm'])
      expect(rows[0][key]).toBeTypeOf('number');
    expect(json('run/final/adapter_config.json')).toMatchObject({
      task_type: 'SEQ_CLS',
      modules_to_save: ['score'],
    });
  });

  it('of all weights is a folder that transformers opens', async () => {
    expect(await reward('full', '--full_finetuning', '--max_steps', '2')).toMatchObject({ code: 0 });
    expect(json('full/final/config.json')).toMatchObject({
      architectures: ['LlamaForSequenceClassification'],
      id2label: { 0: 'LABEL_0' },
    });
    expect(existsSync(join(cwd, 'full/final/tokenizer.json'))).toBe(true);
  });

  it('stopped and called again ends with the same bits', async () => {
    expect(await reward('first', '--max_steps', '5')).toMatchObject({ code: 0 });
    expect(await reward('first')).toMatchObject({ code: 0 });
    const strip = (out: string) =>
      metricsOf(out).map(({ loss, margin, grad_norm }) => [loss, margin, grad_norm]);
    expect(strip('first')).toEqual(strip('run'));
    const weights = (out: string) => readFileSync(join(cwd, out, 'final/adapter_model.safetensors'));
    expect(weights('first').equals(weights('run'))).toBe(true);
  });

  it('takes the keys of TRL', async () => {
    const { stderr, code } = await reward('trl', '--center_rewards_coefficient', '0.01', '--dry_run');
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^learns +chosen answers get more than rejected ones, and both a mean near 0 \(0.01\)$/m,
    );
    const idle = await reward('idle', '--lora_dropout', '0.1', '--dry_run');
    expect(idle.stderr).toMatch(/lora_dropout 0.1 does nothing: disable_dropout is true/);
  });
});

describe('from a reward model', () => {
  it('goes on with its head, and says so', async () => {
    const on = await reward('on', '-m', 'run', '--max_steps', '1');
    expect(on.code).toBe(0);
    expect(on.stderr).toMatch(/^note: it is a reward model: its head is trained further$/m);
    expect(metricsOf('on')[0].loss).toBeLessThan(0.1);
  });
});

describe('what a reward model is for', () => {
  it('score --reward gives numbers, judge verdicts of the same numbers', async () => {
    const rows = preferenceRows().map((row, i) => ({
      ...row,
      prompt: [{ role: 'user', content: `Question ${i}?` }],
    }));
    const pairs = writeRows(cwd, 'chat.jsonl', rows);
    const answers = rows.flatMap((row) => {
      const { prompt, chosen, rejected } = row as { prompt: object[]; chosen: string; rejected: string };
      return [chosen, rejected].map((completion) => ({ prompt, completion }));
    });
    const M = ['-m', 'run', '--dtype', 'float32'];
    const scored = await run(['score', writeRows(cwd, 'answers.jsonl', answers), ...M, '--reward'], { cwd });
    expect(scored.code).toBe(0);
    const rewards = rowsOf(scored.stdout).map((row) => row.reward as number);
    const said = await run(['judge', pairs, ...M, '--write_pairs', 'by-rewards.jsonl'], { cwd });
    const judged = rowsOf(said.stdout);
    expect(judged).toHaveLength(12);
    expect(said.stderr).toMatch(/^note: 12 pairs in by-rewards.jsonl$/m);
    expect(rowsOf(readFileSync(join(cwd, 'by-rewards.jsonl'), 'utf8'))).toEqual(
      rows.map((row, i) => {
        const { prompt, chosen, rejected } = row as { prompt: object[]; chosen: string; rejected: string };
        const [won, lost] = judged[i].winner === 'a' ? [chosen, rejected] : [rejected, chosen];
        return { prompt, chosen: won, rejected: lost };
      }),
    );
    judged.forEach((row, i) => {
      expect([row.score_a, row.score_b]).toEqual([rewards[2 * i], rewards[2 * i + 1]]);
      expect(row.winner).toBe(rewards[2 * i] > rewards[2 * i + 1] ? 'a' : 'b');
    });
  });

  it('chooses among answers, trains, and judges an evaluation', async () => {
    const M = words('-m model --dtype float32 --max_new_tokens 6');
    const best = await run(
      ['generate', '--prompt', 'Hi', ...M, '--best_of', '3', '--judge', 'run', '--json'],
      { cwd },
    );
    expect(best.code).toBe(0);
    const [{ completion, candidates }] = rowsOf(best.stdout) as {
      completion: string;
      candidates: string[];
    }[];
    const asked = candidates.map((text) => ({ prompt: [{ role: 'user', content: 'Hi' }], completion: text }));
    const file = writeRows(cwd, 'candidates.jsonl', asked);
    const scored = await run(['score', file, '-m', 'run', '--dtype', 'float32', '--reward'], { cwd });
    const rewards = rowsOf(scored.stdout).map((row) => row.reward as number);
    expect(candidates[rewards.indexOf(Math.max(...rewards))]).toBe(completion);
    const trained = await run(
      [
        'self-train',
        ...M,
        ...words(
          '--dataset_name pairs.jsonl --dataset_split all --missing_eos keep --judge run --output_dir self',
        ),
        ...words('--max_steps 1 --train_batch_size 4'),
      ],
      { cwd },
    );
    expect(trained.stderr).toMatch(/the judge is the reward model run/);
    expect(trained.code).toBe(0);
    expect(metricsOf('self')[0]).not.toHaveProperty(['judge/ab_mass']);
    const flags = words('--dataset_name pairs.jsonl --dataset_split all --outside_judge run --json');
    const evaluated = await run(['evaluate', '-m', 'model', '--dtype', 'float32', ...flags], { cwd });
    const { outsideJudge } = JSON.parse(evaluated.stdout) as {
      outsideJudge: { accuracy: { value: number } };
    };
    expect(outsideJudge.accuracy.value).toBe(1);
  });

  it('inspect shows its pairs as it reads them, the reward at the last token', async () => {
    const flags = ['inspect', 'pairs.jsonl', '-m', 'run', '--rows', '1', '--json'];
    const { code, stdout } = await run(flags, { cwd });
    expect(code).toBe(0);
    const [{ as, counts, shown }] = rowsOf(stdout) as {
      as: string;
      counts: { pair: { used: number; labels: Record<string, number> } };
      shown: { parts: { sequences: { name: string; kinds: string[] }[] }[] }[];
    }[];
    expect([as, counts.pair.used, counts.pair.labels]).toEqual(['reward', 12, { reward: 24 }]);
    for (const { kinds } of shown[0].parts[0].sequences)
      expect(kinds.indexOf('reward')).toBe(kinds.length - 1);
  });

  it('answers nothing and is trained on by nothing else: refused by name', async () => {
    for (const verb of ['generate --prompt Hi', 'self-train --dataset_name pairs.jsonl --output_dir no']) {
      const { code, stderr } = await run([...words(verb), '-m', 'full'], { cwd });
      expect(code).not.toBe(0);
      expect(stderr).toMatch(/error: .*(score\.weight|lm_head|SequenceClassification|reward model)/);
    }
    const plain = writeRows(cwd, 'plain.jsonl', [{ prompt: 'a', completion: 'b' }]);
    const wrong = await run(['score', plain, '-m', 'model', '--reward'], { cwd });
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toMatch(/expected the head of a reward model, 'score.weight'/);
  });
});
