// Merging takes hardly more memory than a model does: the model is on the device when it is asked, before and after; while
// it is written there are parts of its tensors. In a process of its own, as the command has it.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Adapter, LINEARS, Model } from '@selfjudge/engine';
import { soak } from '@selfjudge/testing/project';
import { byteTokenizer } from '@selfjudge/text';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ONE_BILLION, writeRandomFolder } from '../benchmarks/large-model/folder.mjs';
import { repository } from './support/scratchRepository.js';

// 156 MB, of which the table is 66, and 2.5 GB, of which it is 0.5.
const SHAPE = {
  ...ONE_BILLION,
  ...(!soak && {
    hidden_size: 1024,
    intermediate_size: 2816,
    num_hidden_layers: 4,
    num_attention_heads: 16,
    num_key_value_heads: 4,
    vocab_size: 32_000,
  }),
  bos_token_id: 256,
  eos_token_id: 258,
};
const SHARD = 32e6;
/** What Node and the parts in hand take, and the buffers that V8 lets wait for its collector: it looks at 64 MiB of them. */
const BESIDE = (16 + 64) * 2 ** 20;

const room = mkdtempSync(join(tmpdir(), 'selfjudge-merging-'));
const [base, adapter] = ['base', 'adapter'].map((name) => join(room, name));
beforeAll(async () => {
  writeRandomFolder(base, SHAPE);
  await byteTokenizer().save(base);
  const model = await Model.load(base, { dtype: 'bf16', onWarning: () => {} });
  const lora = Adapter.init(model, { r: 8, alpha: 16, dropout: 0, targetModules: [...LINEARS] }, 1);
  mkdirSync(adapter);
  await lora.save(adapter);
  lora.dispose();
  model.dispose();
});
afterAll(() => rmSync(room, { recursive: true }));

const url = (path: string) => JSON.stringify(pathToFileURL(join(repository, path)).href);
const program = (to: string, options: object) => `
  import { readFileSync } from 'node:fs';
  const { Device } = await import(${url('packages/engine/dist/index.js')});
  const { mergeModel } = await import(${url('packages/selfjudge/dist/index.js')});
  const kilobytes = (key) => Number(new RegExp('^' + key + ':\\\\s+(\\\\d+)', 'm').exec(readFileSync('/proc/self/status', 'utf8'))[1]);
  const device = Device.open('cpu');
  const before = kilobytes('VmRSS');
  await mergeModel(${JSON.stringify(base)}, ${JSON.stringify(to)}, ${JSON.stringify(options)});
  console.log(JSON.stringify({ peak: 1024 * (kilobytes('VmHWM') - before), model: device.memory().peak }));
`;

it.each([
  ['a folder in bf16', { maxShardSize: `${SHARD}` }],
  ['a folder in float32', { maxShardSize: `${SHARD}`, dtype: 'float32' }],
  ['GGUF, F16', { format: 'gguf' }],
  ['GGUF, Q8_0', { format: 'gguf', quantization: 'Q8_0' }],
])('to %s takes at most a shard more than the model on the device', async (name, options) => {
  const to = join(room, 'merged');
  const all = { device: 'cpu', adapter, ...options };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', program(to, all)],
    { env: { ...process.env, SELFJUDGE_POISON: '' } },
  );
  const { peak, model } = JSON.parse(stdout) as { peak: number; model: number };
  rmSync(to, { recursive: true });
  process.stdout.write(
    `merging ${(model / 1e6).toFixed(0)} MB to ${name}: ${((peak - model) / 1e6).toFixed(0)} MB more at the peak\n`,
  );
  expect(peak).toBeLessThan(model + SHARD + BESIDE);
});
