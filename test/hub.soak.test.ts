// The cache of the hub is shared with Python: huggingface_hub, transformers and PEFT open what was pulled here, and the other
// way round, against the same stand-in (benchmarks/peers/hub_cache.py). And downloads that break in every way, at random.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { isError } from '@selfjudge/base';
import { Adapter, Model, TreeBatch } from '@selfjudge/engine';
import { byteModel } from '@selfjudge/testing/tinyModel';
import { StandInHub, type Fault } from '@selfjudge/testing/hub/standIn';
import { loadModel, pull } from 'selfjudge';
import { pullModel } from '../packages/selfjudge/src/hub/pull.js';
import { hubSettings } from '../packages/selfjudge/src/hub/settings.js';
import { run, start } from './support/cli.js';
import { peerPython } from './support/peerPython.js';
import { preferenceRows } from './support/tinyModel.js';

if (peerPython === undefined)
  console.log('skipped: PYTHON is not set (an interpreter with huggingface_hub, transformers and peft)');

const peer = fileURLToPath(new URL('../benchmarks/peers/hub_cache.py', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'selfjudge-hub-soak-'));
let hub: StandInHub;
let cache: string;
let commit: string;
let count = 0;

const files = (name: string): Record<string, Buffer> =>
  Object.fromEntries(
    readdirSync(join(root, name)).map((file) => [file, readFileSync(join(root, name, file))]),
  );

beforeAll(async () => {
  for (const seed of [1, 2]) {
    const model = byteModel({ seed });
    await model.save(join(root, `model-${seed}`));
    model.dispose();
  }
});
beforeEach(async () => {
  hub = await StandInHub.start();
  cache = join(root, `cache-${count++}`);
  mkdirSync(cache);
  commit = hub
    .add('model', 'owner/model', { ...files('model-1'), 'README.md': 'about', 'pytorch_model.bin': 'x' })
    .commitOf('main')!;
  vi.stubEnv('HF_ENDPOINT', hub.url);
  vi.stubEnv('HF_HUB_CACHE', cache);
  vi.stubEnv('HF_HOME', join(root, 'home'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub.close();
});
afterAll(() => rmSync(root, { recursive: true }));

/** The peer's answer. It asks the stand-in of this process, so nothing may wait for it meanwhile. */
function ask<T>(work: object, { offline = false } = {}): Promise<T> {
  const env = { ...process.env, ...(offline && { HF_HUB_OFFLINE: '1' }), HF_HUB_DISABLE_PROGRESS_BARS: '1' };
  const child = spawn(peerPython!, [peer], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(JSON.stringify(work));
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text) => (stdout += String(text)));
  child.stderr.on('data', (text) => (stderr += String(text)));
  return new Promise((resolve, reject) =>
    child.on('close', (code) =>
      code === 0 ? resolve(JSON.parse(stdout) as T) : reject(new Error(stderr.slice(-2000))),
    ),
  );
}

/** What of the repository is wanted here. */
const PATTERNS = ['*.json', '*.safetensors', '*.jinja'];
const TOKENS = [72, 105, 33, 10, 87];
/** Log-probabilities of TOKENS behind the first, as the engine has them. */
async function ours(path: string): Promise<number[]> {
  const model = await loadModel(path, { dtype: 'float32' });
  const { view } = model.opened;
  const batch = TreeBatch.from([{ tokens: TOKENS, targets: [[1, TOKENS.length]] }]);
  const scores = [...(await view.score(batch))];
  model.dispose();
  return scores;
}
const close = (a: readonly number[], b: readonly number[]) => {
  expect(a).toHaveLength(b.length);
  a.forEach((one, i) => expect(Math.abs(one - b[i])).toBeLessThan(1e-4));
};
const fetched = () =>
  hub.asked.filter(({ method, path }) => method === 'GET' && /\/resolve\/|\/files\//.test(path));

describe.skipIf(peerPython === undefined)('the cache', () => {
  it('filled here is what huggingface_hub and transformers read', async () => {
    const { path } = await pull('owner/model');
    expect(await ask({ do: 'snapshot', id: 'owner/model', patterns: PATTERNS }, { offline: true })).toBe(
      path,
    );
    expect(await ask({ do: 'scan' })).toEqual({
      warnings: [],
      repos: [
        {
          id: 'owner/model',
          type: 'model',
          refs: { main: commit },
          files: Object.keys(files('model-1')).toSorted(),
        },
      ],
    });
    close(
      await ask({ do: 'logprobs', id: 'owner/model', tokens: TOKENS }, { offline: true }),
      await ours(path),
    );
    // Online nothing of it is downloaded again.
    hub.asked.length = 0;
    expect(await ask({ do: 'snapshot', id: 'owner/model', patterns: PATTERNS })).toBe(path);
    expect(fetched()).toEqual([]);
    // What was not wanted here is added by who wants it.
    expect(await ask({ do: 'snapshot', id: 'owner/model' })).toBe(path);
    expect(
      fetched()
        .map(({ path: one }) => one.replace(/^.*\//, '').replace(/\?.*/, ''))
        .toSorted(),
    ).toContain('README.md');
  });

  it('filled by huggingface_hub is read here, without the hub', async () => {
    const path = await ask<string>({
      do: 'snapshot',
      id: 'owner/model',
      patterns: PATTERNS,
    });
    hub.asked.length = 0;
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    expect((await pull('owner/model')).path).toBe(path);
    await ours('owner/model');
    vi.stubEnv('HF_HUB_OFFLINE', '0');
    expect((await pull('owner/model')).path).toBe(path);
    expect(fetched()).toEqual([]);
    // A snapshot of which something is lacking is completed, or named.
    rmSync(join(path, 'tokenizer.json'));
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    await expect(pull('owner/model')).rejects.toThrow(/received no tokenizer.json/);
    vi.stubEnv('HF_HUB_OFFLINE', '0');
    expect((await pull('owner/model')).path).toBe(path);
    expect(existsSync(join(path, 'tokenizer.json'))).toBe(true);
  });

  it('may be filled by both at once', async () => {
    const big = Buffer.alloc(20 << 20, 7);
    hub.add('model', 'owner/big', { ...files('model-1'), 'model.safetensors': big });
    const other = ask<string>({ do: 'snapshot', id: 'owner/big' });
    const [{ path }, theirs] = await Promise.all([pull('owner/big'), other]);
    expect(path).toBe(theirs);
    expect(readFileSync(join(path, 'model.safetensors')).equals(big)).toBe(true);
    const blobs = readdirSync(join(path, '../../blobs'));
    expect(blobs.filter((name) => name.endsWith('.incomplete'))).toEqual([]);
  });

  it('has the base of an adapter that was trained here, at its commit, for PEFT too', async () => {
    const { path } = await pull('owner/model');
    const model = await Model.load(path, { dtype: 'float32' });
    const adapter = Adapter.init(
      model,
      { r: 2, alpha: 4, dropout: 0, targetModules: ['q_proj', 'v_proj'] },
      3,
    );
    const folder = join(root, 'adapter');
    await adapter.save(folder);
    adapter.dispose();
    model.dispose();
    hub.repositories.get('models/owner/model')!.commit(files('model-2'));
    await pull('owner/model'); // main is another model now
    close(
      await ask({ do: 'logprobs', adapter: folder, tokens: TOKENS }, { offline: true }),
      await ours(folder),
    );
    expect(await ours('owner/model')).not.toEqual(await ours(folder));
  });
});

it('every verb takes names on the hub, and what lies in the cache without it', async () => {
  const pairs = preferenceRows();
  const lines = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  hub.add('dataset', 'owner/pairs', {
    'train.jsonl': lines(pairs.slice(1)),
    'test.jsonl': lines(pairs.slice(0, 5)),
    'rows/one.jsonl': lines([{ prompt: 'Hi', completion: 'Yes.' }]),
  });
  hub.add('model', 'owner/judge', files('model-2'));
  const rows = 'hf://datasets/owner/pairs/rows/one.jsonl';
  const model = '-m owner/model --dtype float32';
  const verbs = [
    `score ${rows} ${model}`,
    `judge hf://datasets/owner/pairs/test.jsonl ${model}`,
    `inspect hf://datasets/owner/pairs/train.jsonl -m owner/model`,
    `evaluate ${model} --dataset_name owner/pairs --dataset_split all --outside_judge owner/judge --json`,
    `dpo ${model} --dataset_name owner/pairs --max_steps 1 --train_batch_size 2 --lora_r 2 --output_dir ${join(root, 'run')}`,
    `self-train -m ${join(root, 'run')} --judge owner/judge --dataset_name owner/pairs --dataset_split all --max_steps 1 --train_batch_size 2 --max_new_tokens 4 --missing_eos keep --lora_r 2 --output_dir ${join(root, 'self')}`,
    `chat ${model} --max_new_tokens 2`,
  ];
  for (const verb of verbs) {
    const online = await run(verb.split(' '));
    expect({ verb, ...online }).toMatchObject({ code: 0 });
    expect(online.stderr).toMatch(/verb: chat|of the hub is commit/);
    if (/^(dpo|self-train)/.test(verb)) continue;
    const offline = await run(verb.split(' '), { env: { HF_HUB_OFFLINE: '1' } });
    expect({ verb, code: offline.code, stdout: offline.stdout }).toEqual({
      verb,
      code: 0,
      stdout: online.stdout,
    });
    if (verb.startsWith('evaluate'))
      expect(JSON.parse(online.stdout)).toMatchObject({ judge: { accuracy: { n: 5 } } });
  }
});

describe('downloads at random', () => {
  const weights = Buffer.from(Array.from({ length: 2_000_000 }, (_, i) => (i * 2654435761) >>> 24));
  const fault: fc.Arbitrary<Fault> = fc.oneof(
    fc.record({ cutAfter: fc.integer({ min: 0, max: weights.length }) }),
    fc.record({ length: fc.integer({ min: 0, max: 2 * weights.length }) }),
    fc.record({ whole: fc.constant(true), cutAfter: fc.integer({ min: 0, max: weights.length }) }),
    fc.constantFrom<Fault>(
      { whole: true },
      { status: 503 },
      { status: 429, headers: { 'retry-after': '0' } },
    ),
    fc.constantFrom<Fault>({ content: weights.subarray(7) }, { content: Buffer.alloc(weights.length) }),
    fc.constantFrom<Fault>({ headers: { 'content-range': 'bytes 0-1/2' } }, { status: 404 }, { status: 403 }),
  );

  it('end whole or with a typed error, and never half', async () => {
    hub.add('model', 'owner/random', { ...files('model-1'), 'model.safetensors': weights });
    const patience = { tries: 3, firstWait: 1, longestWait: 100, silence: 300 };
    const settings = { ...hubSettings(), asking: patience, moving: patience };
    const outcomes = { whole: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(fault, { maxLength: 5 }), async (faults) => {
        rmSync(join(cache, 'models--owner--random'), { recursive: true, force: true });
        for (let tries = 0; tries < 4; tries++) {
          const left = faults.slice(tries);
          hub.fault = ({ at }) => (at === 'cdn' ? left.shift() : undefined);
          try {
            const { paths } = await pullModel({ type: 'model', id: 'owner/random' }, { settings });
            expect(readFileSync(join(paths[0], 'model.safetensors')).equals(weights)).toBe(true);
            outcomes.whole++;
            return;
          } catch (error) {
            if (!isError(error, 'SJ_HUB')) throw error;
            outcomes.refused++;
            const blobs = readdirSync(join(cache, 'models--owner--random/blobs'));
            for (const name of blobs.filter((one) => /^[0-9a-f]{64}$/.test(one)))
              expect(readFileSync(join(cache, 'models--owner--random/blobs', name)).equals(weights)).toBe(
                true,
              );
          }
        }
      }),
      { numRuns: 100 },
    );
    expect(outcomes.whole).toBeGreaterThan(50);
    expect(outcomes.refused).toBeGreaterThan(10);
  });

  it('of two processes, one killed in the middle, are finished by the other', async () => {
    hub.add('model', 'owner/random', { ...files('model-1'), 'model.safetensors': weights });
    let requests = 0;
    hub.fault = ({ at }) =>
      at !== 'cdn'
        ? undefined
        : requests++ === 0
          ? { cutAfter: 1_500_000 }
          : requests === 2
            ? { silent: true }
            : undefined;
    const first = start(['pull', 'owner/random']);
    await first.until(/[3-9]\d%/);
    const second = start(['pull', 'owner/random']);
    await second.until(/is being downloaded by process \d+/);
    first.child.kill('SIGKILL');
    const { code, stdout } = await second.ended;
    expect(code).toBe(0);
    expect(readFileSync(join(stdout.trimEnd(), 'model.safetensors')).equals(weights)).toBe(true);
    expect(hub.asked.filter(({ at }) => at === 'cdn').at(-1)!.range).toMatch(/^bytes=[1-9]/);
    expect((await run(['pull', 'owner/random'])).stdout).toBe(stdout);
  });
});
