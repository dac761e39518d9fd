import { createHash } from 'node:crypto';
import { Adapter, ScoreHead } from '@selfjudge/engine';
import { DataError } from '@selfjudge/base';
import {
  float32Tensors,
  FuzzFolder,
  mutateJson,
  mutateSafetensors,
  mutateText,
  safetensorsFile,
  type FuzzCase,
  type FuzzTarget,
} from '@selfjudge/testing/fuzz/index';
import { folderFault } from '../loop/atomicFolder.js';
import { loadCheckpoint } from '../loop/loadCheckpoint.js';
import { AdamW } from '../optimizer/adamw.js';
import { dpoDefaults } from '../methods/defaults.js';
import { RunFolder } from '../loop/runFolder.js';
import { tinyLora, tinyModel } from './tiny.js';

/** A checkpoint's folder with one of its files changed: what its manifest says of it, and resuming from it anyway. */
export function checkpointTarget(folder: string): FuzzTarget<string> {
  const held = new FuzzFolder(folder, 'step-3');
  const model = tinyModel();
  const policy = Adapter.init(model, { ...tinyLora, r: 1, targetModules: ['k_proj'] }, 1).makeTrainable();
  const head = ScoreHead.init(model, 1).makeTrainable();
  const parameters = { policy, head };
  const optimizer = new AdamW(parameters, dpoDefaults);
  const [size, width] = [policy.size, head.size];
  const weights = float32Tensors({
    value: [size],
    m: [size],
    v: [size],
    best: [size],
    'head.value': [width],
    'head.m': [width],
    'head.v': [width],
    'head.best': [width],
    'task.mean': [3],
  });
  const selection = { bestStep: 2, bestSignal: 0.5, stopped: false };
  const state = {
    format: 1,
    step: 3,
    numTokens: 100,
    path: 'avx2',
    selection,
    updates: 3,
    task: { seen: 12 },
  };
  const files = {
    'trainer_state.json': Buffer.from(JSON.stringify(state)),
    'training_state.safetensors': safetensorsFile(Buffer.from(JSON.stringify(weights.header)), weights.data),
  };
  const entry = (bytes: Buffer) => ({
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  });
  const manifest = {
    format: 1,
    files: Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, entry(bytes)])),
  };
  const good: Record<string, Buffer> = { ...files, 'manifest.json': Buffer.from(JSON.stringify(manifest)) };
  return {
    name: 'checkpoint',
    // Each state goes to the device too.
    buffersPerByte: 8,
    make(random): FuzzCase<string> {
      const how: string[] = [];
      const name = random.choice(Object.keys(good));
      const changed =
        name === 'training_state.safetensors'
          ? mutateSafetensors(weights, random, how)
          : mutateJson(name === 'manifest.json' ? manifest : state, random, how);
      return { input: held.path, size: held.hold({ ...good, [name]: changed }), how: [name, ...how] };
    },
    parse(input) {
      const fault = folderFault(input);
      if (fault?.path === '' || fault?.expected === '') throw new Error('a fault that says nothing');
      loadCheckpoint(input, parameters, optimizer, (state) => {
        if (state.values === undefined) throw new Error('a state without values');
      });
    },
  };
}

/** A run folder that is opened again: its lock, and the metrics that a resumed run cuts. */
export function runFolderTarget(folder: string): FuzzTarget<string> {
  const held = new FuzzFolder(folder, 'run');
  const row = (step: number) =>
    JSON.stringify({ step, epoch: step / 10, loss: 0.7, 'rewards/margins': null });
  const metrics = [1, 2, 3].map((step) => `${row(step)}\n`).join('');
  const lock = { pid: 2 ** 22 - 1, started: '12345' };
  const words = [
    '\n',
    '\r\n',
    '{',
    '}',
    '"step"',
    ':',
    '1',
    '2.5',
    '1e999',
    'null',
    '-1',
    '"step":1',
    '{"step":2}',
    '[]',
    '\0',
  ];
  return {
    name: 'run folder',
    // The lines as a list, as text, and those that are kept as text again.
    heapPerByte: 1024,
    make(random): FuzzCase<string> {
      const how: string[] = [];
      const files: Record<string, Buffer> =
        random.below(3) === 0
          ? { 'run.lock.1': mutateJson(lock, random, how), 'metrics.jsonl': Buffer.from(metrics) }
          : { 'metrics.jsonl': mutateText(metrics, random, how, words) };
      held.forget();
      return { input: held.path, size: held.hold(files), how };
    },
    parse(input) {
      const run = RunFolder.open(input);
      try {
        const rows = run.trimLogs(2);
        if (rows.length === 0) throw new DataError({ path: input, line: 1, reason: 'no metrics are kept' });
        for (const { step, metrics } of rows)
          if (!(step <= 2) || typeof metrics !== 'object') throw new Error(`step ${step}: ${typeof metrics}`);
      } finally {
        run.close();
      }
    },
  };
}
