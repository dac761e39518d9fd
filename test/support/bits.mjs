// The guard of bits (docs/decisions/013-guards-of-bits.md): what is hashed, how hashes are compared, and the old run that
// must still go on. Plain JavaScript, as scripts/bits.mjs uses it too.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The committed inputs and what came of them. */
export const DATA = fileURLToPath(new URL('../fixtures/bits', import.meta.url));
export const HASHES = join(DATA, 'hashes.json');
/** The kernel paths that are held to their bits: the one that every processor has, and one with vectors. */
export const PATHS = ['portable', 'avx2'];

const PROGRAM = fileURLToPath(new URL('bitsProgram.mjs', import.meta.url));
const MAIN = fileURLToPath(new URL('../../packages/selfjudge/dist/cli/main.js', import.meta.url));

/** The results that the numeric version of the code stands for, see `resultsOf`. */
export const NUMERIC_VERSION_FILE = join(DATA, 'numericVersion.json');

/** What the clock decides. Named one by one, so that a new metric is held until somebody says why it is not. */
const WALL_CLOCK = new Set([
  'step_time',
  'time/data',
  'time/generate',
  'time/judge',
  'time/reference',
  'time/update',
  'time/eval',
  'time/checkpoint',
  'time/other',
]);
/** Counted operations and bytes have a hash of their own: they may change where no result does. */
const isWork = (name) => /^(flops|bytes)\//.test(name);

export function sha256(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** @param text of a metrics.jsonl */
export function metricsHashes(text) {
  const rows = text
    .trimEnd()
    .split('\n')
    .map((line) => Object.entries(JSON.parse(line)));
  const hashOf = (isHeld) => sha256(JSON.stringify(rows.map((row) => row.filter(([name]) => isHeld(name)))));
  return { metrics: hashOf((name) => !WALL_CLOCK.has(name) && !isWork(name)), work: hashOf(isWork) };
}

/** Hashes of what the folder of a finished run holds. */
export function runHashes(folder) {
  const read = (...path) => readFileSync(join(folder, ...path));
  const listed = (name) => (existsSync(join(folder, name)) ? readdirSync(join(folder, name)).sort() : []);
  const weights = listed('final').filter((name) => name.endsWith('.safetensors'));
  const samples = listed('samples');
  const { step } = JSON.parse(read('summary.json'));
  return {
    weights: sha256(...weights.map((name) => read('final', name))),
    optimizer: sha256(read('checkpoints', `step-${step}`, 'training_state.safetensors')),
    ...metricsHashes(read('metrics.jsonl').toString()),
    ...(samples.length > 0 && { samples: sha256(...samples.map((name) => read('samples', name))) }),
  };
}

/** Where two records of hashes differ, a line each: what, expected and received. */
export function differences(expected, received, where = []) {
  if (expected === received) return [];
  if (typeof expected !== 'object' || typeof received !== 'object')
    return [`${where.join(', ')}: expected ${show(expected)}, received ${show(received)}`];
  const names = new Set([...Object.keys(expected), ...Object.keys(received)]);
  return [...names].flatMap((name) => differences(expected[name], received[name], [...where, name]));
}

/** Of hashes the results, by path, method and artefact: what a run leaves, without what is said of it. */
export function resultsOf(hashes, where = []) {
  return Object.assign(
    {},
    ...Object.entries(hashes).map(([name, value]) => {
      if (typeof value === 'object') return resultsOf(value, [...where, name]);
      return name === 'work' || name === 'metrics'
        ? {}
        : { [[...where, name].join(', ')]: value.slice(0, 16) };
    }),
  );
}

/** Results that the record has with other bits. New ones say nothing of the numbers of the code. */
export const movedResults = (record, results) =>
  Object.keys(record).filter((name) => name in results && record[name] !== results[name]);

const show = (value) => (typeof value === 'object' ? Object.keys(value).join(', ') : (value ?? 'nothing'));

/** What bitsProgram.mjs leaves on a kernel path, on `workers` workers at most, by method and artefact. */
export async function bitsOf(path, workers) {
  const options = workers === undefined ? [] : [String(workers)];
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, path, ...options]);
  return JSON.parse(stdout);
}

/** What the run in fixtures/bits/run was begun with, on the path that every processor has. */
const OLD_RUN =
  'self-train -m model --dataset_name pairs.jsonl --device cpu --dtype bf16 --lora_r 2 --lora_target_modules q_proj ' +
  'v_proj --learning_rate 1e-2 --seed 4 --max_steps 6 --train_batch_size 4 --max_new_tokens 8 --missing_eos keep ' +
  '--eval_steps 2 --max_kl 1000 --save_steps 4 --output_dir run';

/**
 * Goes on with a copy of the old run as a user would, by the same command.
 * @returns what it said, and hashes of what it ends with; its work is that of a run that begins in the middle
 */
export async function resumeOldRun() {
  const cwd = mkdtempSync(join(tmpdir(), 'selfjudge-old-run-'));
  try {
    cpSync(DATA, cwd, { recursive: true });
    const env = { ...process.env, SELFJUDGE_CPU: 'portable' };
    const { stderr } = await promisify(execFile)(process.execPath, [MAIN, ...OLD_RUN.split(' ')], {
      cwd,
      env,
    });
    const { work: _, ...hashes } = runHashes(join(cwd, 'run'));
    return { stderr, hashes };
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}
