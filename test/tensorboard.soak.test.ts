// Event files of report_to: tensorboard, read by the Python package tensorboard (benchmarks/peers/tensorboard_events.py).
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { rowsOf, run, temporaryFolder } from './support/cli.js';
import { peerPython } from './support/peerPython.js';
import { saveTinyModel, writeRows } from './support/tinyModel.js';

if (peerPython === undefined) console.log('skipped: PYTHON is not set (an interpreter with tensorboard)');

const { path: cwd, remove } = temporaryFolder();
afterAll(remove);
const peer = fileURLToPath(new URL('../benchmarks/peers/tensorboard_events.py', import.meta.url));

describe.skipIf(peerPython === undefined)('report_to: tensorboard, in Python', () => {
  it('has every number of metrics.jsonl at its step, also of a run that was made longer', async () => {
    await saveTinyModel(join(cwd, 'model'));
    const rows = Array.from({ length: 8 }, (_, i) => ({
      prompt: `${i}?`,
      chosen: `It is ${i}.`,
      rejected: 'No.',
    }));
    writeRows(cwd, 'pairs.jsonl', rows);
    const flags =
      'dpo -m model --dtype float32 --dataset_name pairs.jsonl --output_dir run --train_batch_size 4 ' +
      '--eval_dataset_name pairs.jsonl --eval_steps 2 --report_to tensorboard';
    for (const steps of ['3', '6']) {
      const { code, stderr } = await run([...flags.split(' '), '--max_steps', steps], { cwd });
      expect(code, stderr).toBe(0);
    }
    const stdout = execFileSync(peerPython!, [peer, join(cwd, 'run/tensorboard')], { encoding: 'utf8' });
    const theirs = JSON.parse(stdout) as Record<string, [step: number, value: number][]>;
    const ours = rowsOf(readFileSync(join(cwd, 'run/metrics.jsonl'), 'utf8')) as unknown as Record<
      string,
      number
    >[];
    expect(ours).toHaveLength(6);
    for (const { step, ...metrics } of ours)
      for (const [name, value] of Object.entries(metrics)) {
        const tag = name.startsWith('eval_') ? `eval/${name.slice(5)}` : `train/${name}`;
        expect(theirs[tag].find(([at]) => at === step)?.[1], `${tag} ${step}`).toBe(Math.fround(value));
      }
    expect(theirs['train/loss'].map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(theirs['eval/loss'].map(([step]) => step)).toEqual([2, 3, 4, 6]);
  }, 120_000);
});
