import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findCuda } from '../../scripts/setupCuda.mjs';
import { run, start, temporaryFolder } from '../support/cli.js';
import { saveTinyModel, writeRows } from '../support/tinyModel.js';

// The shim has no device to lose, and no other process on it.
const gpu = !process.env['SELFJUDGE_CUDA_MODULE']?.includes('simt');
const source = fileURLToPath(new URL('../../native/test/lose_device.cu', import.meta.url));
const native = new URL('../../native/index.mjs', import.meta.url).href;
const { path: cwd, remove } = temporaryFolder();
afterAll(remove);

const train = (folder: string) => [
  ...'self-train -m model --dtype float32 --dataset_name prompts.jsonl --device cuda'.split(' '),
  ...'--max_steps 40 --train_batch_size 4 --max_new_tokens 6 --missing_eos keep --save_steps 5'.split(' '),
  '--output_dir',
  folder,
];
const adapter = (folder: string) =>
  createHash('sha256')
    .update(readFileSync(join(cwd, folder, 'final/adapter_model.safetensors')))
    .digest('hex');

describe.runIf(gpu)('a GPU that is lost, or shared', () => {
  beforeAll(async () => {
    await saveTinyModel(join(cwd, 'model'));
    const rows = Array.from({ length: 60 }, (_, i) => ({ prompt: `Thing ${i}?` }));
    writeRows(cwd, 'prompts.jsonl', rows);
    expect(await run(train('whole'), { cwd })).toMatchObject({ code: 0 });
  });

  it('lost in the middle of a run: a clear error, the last checkpoint kept, the same command goes on', async () => {
    const cuda = findCuda();
    if (!cuda) throw new Error('expected nvcc, to build what loses the device');
    const [library, now] = [join(cwd, 'lose_device.so'), join(cwd, 'now')];
    const built = spawnSync(cuda.nvcc, ['-shared', '-Xcompiler', '-fPIC', source, '-o', library]);
    expect(String(built.stderr)).toBe('');
    const lost = start(train('lost'), { cwd, shell: `export LOSE_DEVICE=${now} LD_PRELOAD=${library}` });
    await lost.until(/50%/);
    writeFileSync(now, '');
    const { code, stderr } = await lost.ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/\[cuda\] .*; if it stays, this process has lost the device: start it again/);
    expect(existsSync(join(cwd, 'lost/final'))).toBe(false);
    const again = await run(train('lost'), { cwd });
    expect(again.stderr).toMatch(/going on after step \d+ of 40/);
    expect(again.code).toBe(0);
    expect(adapter('lost')).toBe(adapter('whole'));
  });

  it('two processes train on one device at once, each with the bits it has alone', async () => {
    const both = await Promise.all([run(train('one'), { cwd }), run(train('two'), { cwd })]);
    for (const { code } of both) expect(code).toBe(0);
    expect([adapter('one'), adapter('two')]).toEqual([adapter('whole'), adapter('whole')]);
  });

  it('all of its memory held by another process: out of memory, with the table', async () => {
    const hog = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `const { NativeDevice } = await import(${JSON.stringify(native)});
        const device = new NativeDevice('cuda');
        for (let bytes = 2 ** 33; bytes >= 2 ** 20; bytes /= 2)
          try { for (;;) device.empty(0, [bytes / 4], 0); } catch (error) {
            if (error.code !== 'SJ_OUT_OF_MEMORY') throw error;
          }
        console.log('full');
        setInterval(() => {}, 1000);`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    try {
      await once(hog.stdout, 'data');
      const refused = await run(train('refused'), { cwd });
      expect(refused.code).toBe(1);
      expect(refused.stderr).toMatch(
        /memory: expected .* free, received none: live|out of memory; is another process holding it\?/,
      );
    } finally {
      hog.kill();
      await once(hog, 'close');
    }
  });
});
