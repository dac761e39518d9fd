// What transformers, PEFT, the package gguf and llama.cpp make of models that were merged here: tiny ones, each with an
// adapter of PEFT's. test/merge.soak.test.ts wants it to hold.
// usage: node benchmarks/peers/mergedModels.mjs PYTHON    writes fixtures/merged.json, which docs/models.md tells
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { built, greedy, logprobs, mergedForms, python, ROWS, STEPS } from './mergedForms.mjs';
import { nodeLlamaCpp } from './nodeLlamaCpp.mjs';

export const FIXTURE = fileURLToPath(new URL('fixtures/merged.json', import.meta.url));
/** Two tokens whose log-probabilities are this near may stand for each other in another order of sums, nats. */
const NEAR = 0.05;
/** What transformers' reader of GGUF (integrations/ggml.py) passes over, so that what it loads is another model. */
export const UNREAD = {
  llama: 'rope_freqs.weight',
  'llama-biased': 'biases',
  qwen2: 'rope.scaling',
  'phi3-long': 'rope_factors_short.weight, rope_factors_long.weight',
};

/** What the package gguf reads in a file against what is read here: keys and tensors that differ. */
async function differences(interpreter, path) {
  const { readGguf } = await built('engine');
  const theirs = JSON.parse(python(interpreter, 'gguf_written.py', [path]));
  const file = readGguf(path);
  const digest = (name) => createHash('sha256').update(file.read(name)).digest('hex');
  const plain = (value) => JSON.stringify(value, (_, x) => (typeof x === 'bigint' ? Number(x) : x));
  const texts = (entries) => new Map(entries.map(([key, value]) => [key, plain(value)]));
  const own = texts([
    ...file.metadata,
    ...[...file.tensors].map(([name, { type, shape }]) => [name, [type, shape, digest(name)]]),
  ]);
  const other = texts([
    ...Object.entries(theirs.metadata).map(([key, [, value]]) => [key, value]),
    ...Object.entries(theirs.tensors).map(([name, one]) => [name, [one.type, one.shape, one.digest]]),
  ]);
  return [...new Set([...own.keys(), ...other.keys()])].filter((key) => own.get(key) !== other.get(key));
}

/** llama.cpp's greedy tokens after each row, or why it does not open the file. */
function llamaCpp(peer, model, adapter) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [peer.script('greedy.mjs')], {
    input: JSON.stringify({ model, adapter, rows: ROWS, steps: STEPS }),
    encoding: 'utf8',
    timeout: 120_000,
  });
  if (status === 0) return { tokens: JSON.parse(stdout) };
  const said = /error loading model: (.*)/.exec(stderr)?.[1] ?? /Error: (.*)/.exec(stderr)?.[1];
  return { refused: said ?? `exit code ${status}` };
}

/** How many tokens of all rows are the same, each row up to where the two best are near; -1 where one is another. */
function agreeing(tokens, margins, theirs) {
  let same = 0;
  for (const [row, want] of tokens.entries()) {
    const near = margins[row].findIndex((margin) => margin < NEAR);
    const until = near < 0 ? want.length : near;
    if (want.slice(0, until).some((token, i) => token !== theirs[row][i])) return -1;
    same += until;
  }
  return same;
}

/** The largest distance. */
const apart = (a, b) => {
  const [one, other] = [a.flat(), b.flat()];
  return one.length === other.length ? Math.max(...one.map((x, i) => Math.abs(x - other[i]))) : Infinity;
};

const gguf = (folder, name = 'model') => join(folder, `${name}.gguf`);

/** What Python is asked of the forms of all models, in one process. */
function work(forms) {
  return Object.fromEntries(
    [...forms].flatMap(([name, { base, adapter, rows, float32, bf16, gguf: file }]) => [
      [`${name} peft`, { rows, base, adapter }],
      [`${name} float32`, { rows, folder: float32.path, ...(file && { greedy: STEPS }) }],
      [`${name} bf16`, { rows, folder: bf16.path }],
      ...(file?.path === undefined ? [] : [[`${name} gguf`, { rows, gguf: gguf(file.path) }]]),
    ]),
  );
}

/**
 * @typedef {object} GgufFigures what others make of a file, or why it is `refused`
 * @property {string} [refused]
 * @property {string[]} [different] keys and tensors that the package gguf reads otherwise
 * @property {{ refused?: string, apart?: number }} [transformers] nats
 * @property {number} [greedy] tokens that are transformers', up to where two are near; -1 where one is another
 * @property {{ refused?: string, same?: number }} [llamaCpp] the same of llama.cpp's
 */
/**
 * @typedef {object} MergedFigures
 * @property {number} peft how far transformers and PEFT are from us, model and adapter apart, nats
 * @property {number} float32 the same of the merged model
 * @property {number} bf16 the same of the one that was rounded to bf16
 * @property {number} rounding how far bf16 is from float32 on average
 * @property {(boolean | undefined)[]} tied whether the base ties its head, transformers has the merged one tied, and its
 *   config says so
 * @property {GgufFigures} [gguf]
 * @property {GgufFigures} [adapter] on the GGUF file of its base
 */
/**
 * Merges every tiny model and asks the others of it.
 *
 * @param {string} interpreter with benchmarks/peers/requirements.txt
 * @param {{ script: (name: string) => string }} peer of nodeLlamaCpp
 * @returns {Promise<Record<string, MergedFigures>>} by the models' names
 */
export async function mergedModels(interpreter, peer) {
  const room = mkdtempSync(join(tmpdir(), 'selfjudge-merged-'));
  try {
    const forms = await mergedForms(interpreter, room);
    const said = JSON.parse(python(interpreter, 'merged_models.py', ['ask'], JSON.stringify(work(forms))));
    const out = {};
    for (const [name, one] of forms) {
      const theirs = (form) => said[`${name} ${form}`];
      const before = await logprobs(one.rows, one.base, one.adapter);
      const rounded = await logprobs(one.rows, one.bf16.path);
      const moved = rounded.flat().map((x, i) => Math.abs(x - before.flat()[i]));
      out[name] = {
        peft: apart(before, theirs('peft').logprobs),
        float32: apart(before, theirs('float32').logprobs),
        bf16: apart(rounded, theirs('bf16').logprobs),
        rounding: moved.reduce((sum, x) => sum + x, 0) / moved.length,
        tied: [ties(one.base), theirs('float32').tied, ties(one.float32.path)],
        ...(one.gguf !== undefined && (await ofGguf(interpreter, peer, { ...one, before, theirs }))),
      };
    }
    return out;
  } finally {
    rmSync(room, { recursive: true });
  }
}

function ties(folder) {
  const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
  return config.tie_word_embeddings ?? config.text_config.tie_word_embeddings;
}

/** What others make of the GGUF file, and of the adapter on that of its base. */
async function ofGguf(interpreter, peer, { before, theirs, gguf: whole, baseGguf, adapterGguf }) {
  if (whole.refused !== undefined) return { gguf: whole };
  const path = gguf(whole.path);
  const { logprobs: values, refused } = theirs('gguf');
  const python32 = theirs('float32').greedy;
  const margins = python32.map((one) => one.margins);
  const tokens = await greedy(path);
  const agreed = (found) =>
    found.refused === undefined ? { same: agreeing(tokens, margins, found.tokens) } : found;
  const file = {
    different: await differences(interpreter, path),
    transformers: refused === undefined ? { apart: apart(before, values) } : { refused },
    greedy: agreeing(
      tokens,
      margins,
      python32.map((one) => one.tokens),
    ),
    llamaCpp: agreed(llamaCpp(peer, path)),
  };
  if (adapterGguf.refused !== undefined) return { gguf: file, adapter: adapterGguf };
  const adapter = gguf(adapterGguf.path, 'adapter');
  return {
    gguf: file,
    adapter: {
      different: await differences(interpreter, adapter),
      llamaCpp: agreed(llamaCpp(peer, gguf(baseGguf.path), adapter)),
    },
  };
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const peer = nodeLlamaCpp();
  if ('missing' in peer) throw new Error(peer.missing);
  const models = await mergedModels(argv[2], peer);
  const short = (_, x) => (typeof x === 'number' && !Number.isInteger(x) ? Number(x.toPrecision(2)) : x);
  writeFileSync(FIXTURE, `${JSON.stringify({ nodeLlamaCpp: peer.version, models }, short, 2)}\n`);
}
