// Tiny models merged here in every form: those of merged_models.py, which GGUF can say, and those of every family
// (families.py), whose shapes are odd and which have no tokenizer. With them what is said of them here.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const families = join(here, 'fixtures/families');
const quiet = { onWarning: () => {} };
/** A package as it was built. */
export const built = (name, file = 'index') => import(`../../packages/${name}/dist/${file}.js`);

/** Texts as bytes; 257 and 258 begin and end a turn. */
export const ROWS = ['The end of a row', 'def f(x):\n  return', '1 2 3 4 5 6 7 8 9 '].map((text) => [
  ...Buffer.from(text),
]);
ROWS.push([257, ...Buffer.from('user\nHi'), 258, 10]);
/** Tokens after each row. */
export const STEPS = 24;

/** What a script beside this one prints. */
export function python(interpreter, script, args, input) {
  const options = { encoding: 'utf8', input, maxBuffer: 1 << 28, stdio: 'pipe' };
  return execFileSync(interpreter, [join(here, script), ...args], options);
}

/** Makes and merges all models. @returns by name their rows and where each form lies, or why there is none */
export async function mergedForms(interpreter, room) {
  const { byteTokenizer } = await built('text', 'internal');
  const forms = new Map();
  for (const name of JSON.parse(python(interpreter, 'merged_models.py', ['make', room]))) {
    const [base, adapter] = ['base', 'adapter'].map((part) => join(room, name, part));
    await byteTokenizer({ words: [' A', ' B'] }).save(base);
    const model = { base, adapter, place: join(room, name) };
    forms.set(name, { ...(await asFolders(model)), ...(await asGguf(model)), rows: ROWS });
  }
  const rows = JSON.parse(readFileSync(join(families, 'rows.json'), 'utf8'));
  for (const name of readdirSync(families).filter((one) => !one.endsWith('.json'))) {
    const base = join(families, name);
    const model = { base, adapter: join(base, 'adapter'), place: join(room, 'families', name) };
    forms.set(`families/${name}`, { ...(await asFolders(model)), rows });
  }
  return forms;
}

async function asFolders({ base, adapter, place }) {
  const to = (name, options) => merged(base, join(place, name), { adapter, ...options });
  return {
    base,
    adapter,
    float32: await to('float32', { dtype: 'float32', maxShardSize: '100KB' }),
    bf16: await to('bf16', { dtype: 'bf16' }),
  };
}

async function asGguf({ base, adapter, place }) {
  const to = (name, options) =>
    merged(base, join(place, name), { format: 'gguf', quantization: 'F32', ...options });
  return {
    gguf: await to('gguf', { adapter }),
    baseGguf: await to('base-gguf', {}),
    adapterGguf: await to('adapter-gguf', { adapter, adapterOnly: true }),
  };
}

/** The folder, or the error's message. */
async function merged(from, path, options) {
  const { mergeModel } = await built('selfjudge');
  try {
    await mergeModel(from, path, { device: 'cpu', ...quiet, ...options });
    return { path };
  } catch (error) {
    return { refused: error.message };
  }
}

/** Log-probabilities of each row's tokens after the first, with an adapter that is not merged where there is one; float32. */
export async function logprobs(rows, path, adapter) {
  const { loadModelWithAdapter, TreeBatch } = await built('engine', 'internal');
  const loaded = await loadModelWithAdapter(path, {
    dtype: 'float32',
    ...quiet,
    ...(adapter && { adapter }),
  });
  const view = loaded.model.view(loaded.adapter === undefined ? [] : [loaded.adapter]);
  const out = [];
  for (const tokens of rows) {
    const batch = TreeBatch.from([{ tokens, targets: [[1, tokens.length]] }]);
    out.push([...(await view.score(batch))]);
  }
  loaded.adapter?.dispose();
  loaded.model.dispose();
  return out;
}

/** The most probable tokens after each row, float32. */
export async function greedy(path) {
  const { Model, generate } = await built('engine');
  const model = await Model.load(path, { dtype: 'float32', ...quiet });
  const answers = await generate(model.view(), ROWS, { maxNewTokens: STEPS, topK: 1, eos: [] });
  model.dispose();
  return answers.map(([{ tokens }]) => [...tokens]);
}
