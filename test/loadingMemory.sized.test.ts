// Opening a model takes hardly more memory than the model does: in a process of its own, as the command has it, and with
// what it holds compared to the file.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { soak } from '@selfjudge/testing/project';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ONE_BILLION, writeRandomFolder } from '../benchmarks/large-model/folder.mjs';
import { repository } from './support/scratchRepository.js';

// 156 MB, and 2.5 GB.
const SHAPE = soak
  ? ONE_BILLION
  : {
      ...ONE_BILLION,
      hidden_size: 1024,
      intermediate_size: 2816,
      num_hidden_layers: 4,
      num_attention_heads: 16,
      num_key_value_heads: 4,
      vocab_size: 32_000,
      bos_token_id: 1,
      eos_token_id: 2,
    };

const folder = mkdtempSync(join(tmpdir(), 'selfjudge-loading-'));
beforeAll(() => void writeRandomFolder(folder, SHAPE));
afterAll(() => rmSync(folder, { recursive: true }));

const url = (path: string) => JSON.stringify(pathToFileURL(join(repository, path)).href);
const program = `
  import { readFileSync } from 'node:fs';
  const { Device, Model, Safetensors } = await import(${url('packages/engine/dist/index.js')});
  const { scanValues } = await import(${url('native/index.mjs')});
  const kilobytes = (key) => Number(new RegExp('^' + key + ':\\\\s+(\\\\d+)', 'm').exec(readFileSync('/proc/self/status', 'utf8'))[1]);
  const device = Device.open('cpu');
  const before = kilobytes('VmRSS');
  const model = await Model.load(${JSON.stringify(folder)}, { device });
  const facts = { peak: 1024 * (kilobytes('VmHWM') - before), held: device.memory().live, devicePeak: device.memory().peak };
  const file = Safetensors.openIn(${JSON.stringify(folder)}, 'model');
  const other = [];
  for (const { name, weight } of model.parameters()) {
    if (!('packed' in weight)) continue;
    const rows = weight.rows();
    const values = await rows.read();
    rows.dispose();
    const bits = new Uint16Array(values.buffer);
    const { data } = file.read(name);
    for (let i = 0; i < data.length; i++) data[i] -= bits[2 * i + 1];
    if (scanValues(data).hash !== scanValues(new Uint16Array(data.length)).hash) other.push(name);
  }
  console.log(JSON.stringify({ ...facts, other }));
`;

it('takes at most a tenth more than the model holds, and holds what the file has', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
    env: { ...process.env, SELFJUDGE_POISON: '' },
  });
  const { peak, held, devicePeak, other } = JSON.parse(stdout) as {
    peak: number;
    held: number;
    devicePeak: number;
    other: string[];
  };
  process.stdout.write(
    `opening ${(held / 1e6).toFixed(0)} MB of weights: ${(peak / held).toFixed(3)} times that at the peak\n`,
  );
  expect(other).toEqual([]);
  expect(devicePeak - held).toBeLessThan(4 * 2 ** 20);
  // What Node grows by while a program runs is its own.
  expect(peak).toBeLessThan(1.1 * held + 8 * 2 ** 20);
});
