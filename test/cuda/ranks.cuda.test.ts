// Ranks on GPUs: each takes its own by its place on the machine, and the bits are those of one process. Over the shim there are as many
// devices as it is told. Skipped where no MPI is set up (pnpm setup:mpi).
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, temporaryFolder } from '../support/cli.js';
import { sharedOutcome, withoutMpi } from '../support/ranks.js';
import { saveTinyModel, writeRows } from '../support/tinyModel.js';

const simt = process.env['SELFJUDGE_CUDA_MODULE']?.includes('simt') === true;
const { path: cwd, remove } = temporaryFolder();
afterAll(remove);
beforeAll(async () => {
  await saveTinyModel(join(cwd, 'model'));
  const rows = Array.from({ length: 8 }, (_, i) => ({
    prompt: `Thing ${i}?`,
    chosen: `${i}.`,
    rejected: 'No.',
  }));
  writeRows(cwd, 'pairs.jsonl', rows);
});

const train = (folder: string, more: string) =>
  `sft -m model --dtype float32 --device cuda --dataset_name pairs.jsonl --dataset_split all --prompt_format chat --train_batch_size 4 \
--max_steps 2 --gradient_leaves 2 ${more} -o ${folder}`.split(' ');

describe.runIf(simt && !withoutMpi)('ranks over the shim', () => {
  const devices = (count: number) => ({ SELFJUDGE_SIMT_DEVICE: `13000 13000 ${count} 8 0` });

  it.each(['', '--full_finetuning'])('have the bits of one process: %s', async (more) => {
    const folder = (count: number) => `of${count}${more}`;
    const options = more === '' ? '--lora_target_modules q_proj' : more;
    for (const count of [1, 2]) {
      const job = [...train(folder(count), options), '--num_processes', String(count)];
      const { code, stderr } = await run(job, { cwd, env: devices(2) });
      expect(code, stderr).toBe(0);
    }
    expect(sharedOutcome(join(cwd, folder(2)))).toEqual(sharedOutcome(join(cwd, folder(1))));
  });

  it('are refused where there are more of them than GPUs', async () => {
    const job = [...train('refused', '--lora_target_modules q_proj'), '--num_processes', '2'];
    const { code, stderr } = await run(job, { cwd, env: devices(1) });
    expect(stderr).toContain('rank 1');
    expect(stderr).toContain(
      'CUDA device 1 does not exist: the driver lists 1, numbered from 0; of the processes of a job',
    );
    expect(code).not.toBe(0);
  });
});
