// node scripts/models.mjs: measures the tiny models of every family (benchmarks/peers/families.py) with the packages as they
// are built and writes docs/models.md. test/models.test.ts wants its families and refusals current.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { UNREAD } from '../benchmarks/peers/mergedModels.mjs';

const FIXTURES = 'benchmarks/peers/fixtures/families';
const MERGED = 'benchmarks/peers/fixtures/merged.json';
export const PAGE = 'docs/models.md';
const quiet = { onWarning: () => {} };

/** The engine of a checkout, as it is built. */
const engineOf = (root) => import(pathToFileURL(join(root, 'packages/engine/dist/internal.js')));

/** The largest figures over the tiny models of a family. */
async function measured(engine, root, names) {
  const worst = { logprobs: 0, gradients: 0, gguf: undefined, scores: undefined, bits: true };
  const rows = JSON.parse(readFileSync(join(root, FIXTURES, 'rows.json'), 'utf8'));
  for (const name of names) {
    const one = await figuresOf(engine, join(root, FIXTURES, name), rows);
    for (const key of ['logprobs', 'gradients', 'gguf', 'scores'])
      if (one[key] !== undefined) worst[key] = Math.max(worst[key] ?? 0, one[key]);
    worst.bits &&= one.bits;
  }
  return worst;
}

async function figuresOf(
  { Model, RewardModel, TreeBatch, Tape, Safetensors, loadModelWithAdapter, generate },
  folder,
  rows,
) {
  const values = JSON.parse(readFileSync(join(folder, 'values.json'), 'utf8'));
  const sequences = rows.map((tokens) => ({ tokens, targets: [[1, tokens.length]] }));
  const tree = TreeBatch.from(sequences);
  const apart = (got, want) => Math.max(...got.map((x, i) => Math.abs(x - want[i])));
  const model = await Model.load(folder, quiet);
  const together = await model.view().score(tree);
  const figures = { logprobs: apart([...together], values.base.flat()) };
  let bits = true;
  let first = 0;
  for (const sequence of sequences) {
    const alone = await model.view().score(TreeBatch.from([sequence]));
    bits &&= alone.every((x, i) => x === together[first + i]);
    first += alone.length;
  }
  const prompt = rows[0].slice(0, 6);
  const [[answer]] = await generate(model.view(), [prompt], { maxNewTokens: 9, seed: 3, eos: [] });
  const tokens = [...prompt, ...answer.tokens];
  const prefilled = await model.view().score(TreeBatch.from([{ tokens, targets: [[6, tokens.length]] }]));
  bits &&= prefilled.every((x, i) => x === answer.logprobs[i]);
  model.dispose();
  figures.bits = bits;
  figures.gradients = await gradients({ Tape, Safetensors, loadModelWithAdapter }, folder, tree);
  if (existsSync(join(folder, 'model.gguf'))) {
    const file = await Model.load(join(folder, 'model.gguf'), quiet);
    figures.gguf = apart([...(await file.view().score(tree))], values.base.flat());
    file.dispose();
  }
  if (values.scores !== undefined) {
    const judge = await RewardModel.load(join(folder, 'score'), quiet);
    const scores = await judge.score(TreeBatch.from(rows.map((row) => judge.sequence(row))));
    figures.scores = apart([...scores], values.scores);
    judge.dispose();
  }
  return figures;
}

/** The farthest tensor of the gradients of a LoRA step, relative to its length. */
async function gradients({ Tape, Safetensors, loadModelWithAdapter }, folder, tree) {
  const { model, adapter } = await loadModelWithAdapter(folder, {
    adapter: join(folder, 'adapter'),
    ...quiet,
  });
  const set = adapter.makeTrainable();
  const tape = new Tape();
  const count = tree.labels.label.length;
  const output = tape.run(() => model.view([adapter]).logprobs(tree));
  tape.backward(output, new Float32Array(count).fill(-1 / count));
  const flat = await set.grad.read();
  const got = new Map(
    set.entries.map(({ name, offset, shape }) => [name, flat.subarray(offset, offset + shape[0] * shape[1])]),
  );
  const want = Safetensors.open(join(folder, 'gradients.safetensors'));
  const worst = [...want.tensors.keys()].map((name) =>
    relative(gradientOf(name.replace('language_model.', ''), got), want.read(name).data),
  );
  adapter.dispose();
  model.dispose();
  return Math.max(...worst);
}

/** Where PEFT adapts a matrix of fused rows, ours are of the parts: each has that A and rows of that B. */
function gradientOf(name, got) {
  if (got.has(name)) return got.get(name);
  const parts = name.includes('qkv_proj') ? ['q_proj', 'k_proj', 'v_proj'] : ['gate_proj', 'up_proj'];
  const all = parts.map((part) => got.get(name.replace(/qkv_proj|gate_up_proj/, part)));
  if (name.includes('lora_B')) return all.flatMap((one) => [...one]);
  return all[0].map((_, i) => all.reduce((sum, one) => sum + one[i], 0));
}

function relative(got, want) {
  const square = (values) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
  return square(Array.from(want, (x, i) => got[i] - x)) / square(Array.from(want));
}

/** The text models inside those that see too. */
const INSIDE = { gemma3: 'gemma3_text', mistral3: 'ministral3' };

/** The fixtures of a family: those of a text model inside one that sees are the text model's. */
function fixturesOf(root, { name }) {
  return readdirSync(join(root, FIXTURES), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .filter((one) => {
      const { family } = JSON.parse(readFileSync(join(root, FIXTURES, one, 'values.json'), 'utf8'));
      return family === name || INSIDE[family] === name;
    });
}

/** The families that are refused, by reason. */
function refusals(refused) {
  const byReason = new Map();
  for (const [name, reason] of refused) byReason.set(reason, [...(byReason.get(reason) ?? []), name]);
  return [...byReason].map(
    ([reason, names]) => `| ${names.map((name) => `\`${name}\``).join(', ')} | ${reason} |`,
  );
}

/** What others made of merged models (benchmarks/peers/mergedModels.mjs). */
function merged(root) {
  const { nodeLlamaCpp, models } = JSON.parse(readFileSync(join(root, MERGED), 'utf8'));
  const figure = (x) => x.toExponential(1);
  const greedy = (one) => one?.refused ?? `opens, ${one.same} tokens the same`;
  const python = (name, { refused, apart }) =>
    refused ?? (name in UNREAD ? `another model: passes over ${UNREAD[name]}` : figure(apart));
  const all = Object.entries(models);
  const rows = all
    .filter(([, { gguf }]) => gguf !== undefined)
    .map(([name, { float32, bf16, gguf, adapter }]) => {
      const file = gguf.refused
        ? [gguf.refused, '', '']
        : ['all', python(name, gguf.transformers), greedy(gguf.llamaCpp)];
      const onBase =
        adapter === undefined ? '' : (adapter.refused?.replace(/^\[.*?\] /, '') ?? greedy(adapter.llamaCpp));
      return [name, figure(float32), figure(bf16), ...file, onBase];
    });
  const worst = (of) => figure(Math.max(...of.flatMap(([, one]) => [one.peft, one.float32, one.bf16])));
  const families = all.filter(([name]) => name.startsWith('families/'));
  return { nodeLlamaCpp, rows, count: families.length, worst: worst(families) };
}

async function page(root) {
  const engine = await engineOf(root);
  const { FAMILIES, REFUSED } = engine;
  const out = merged(root);
  const figure = (x) => (x === undefined ? '' : x.toExponential(1));
  const rows = [];
  for (const family of FAMILIES) {
    const names = fixturesOf(root, family);
    const { logprobs, gradients, gguf, scores, bits } = await measured(engine, root, names);
    const { title, name, classes } = family;
    rows.push(
      `| ${title} | \`${name}\` | ${family.gguf ? `\`${family.gguf.architecture}\`` : ''} | ${names.length} | ${figure(logprobs)} | ` +
        `${figure(gradients)} | ${figure(gguf)} | ${classes.score === undefined ? 'no such class' : figure(scores)} | ${bits ? 'yes' : 'NO'} |`,
    );
  }
  return `# Models

Made by \`node scripts/models.mjs\`. What is here is read, trained, judged with, and written back under its own names.

| family | model_type | GGUF | tiny models | log-probabilities | gradients | as GGUF | scores | same bits |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
${rows.join('\n')}

- **tiny models**: random ones of odd sizes that transformers made and saved (\`benchmarks/peers/families.py\`), float32: heads apart from
  hidden size / heads, tied and not, with and without biases, windows, scaled and partial rotation.
- **log-probabilities**: the largest distance from transformers'. **gradients**: of a LoRA step on all linear layers, from PEFT's, the
  farthest tensor relative to its norm. **as GGUF**: log-probabilities of the same model as the package gguf wrote it. **scores**: of
  transformers' sequence classification, which is what a reward model is saved as.
- **same bits**: a row in a tree and alone, and a token decoded and prefilled.
- Saving one gives the same tensors, to the bit, under the same names, and the same config.json
  (\`packages/engine/src/model/families.test.ts\`, which wants all of this within 1e-4).

With real weights: SmolLM2-135M (\`llama\`) and Gemma-3-270M (\`gemma3\`), in \`pnpm test:real\`.

## Merged, in other hands

Tiny models with a LoRA adapter of PEFT's on every linear layer (of \`head\` on the head alone, which the base ties), merged by
\`selfjudge merge\` (\`benchmarks/peers/mergedModels.mjs\`, \`test/merge.soak.test.ts\`). All ${out.count} tiny models above as folders:
transformers and PEFT are within ${out.worst} of us, before the merge and after, float32 and rounded to bf16, and tie the head where its
config does. As GGUF:

| tiny model | transformers, float32 | transformers, bf16 | gguf reads | transformers, of GGUF | llama.cpp | llama.cpp, adapter alone |
| --- | --- | --- | --- | --- | --- | --- |
${out.rows.map((row) => `| ${row.join(' | ')} |`).join('\n')}

- Figures are the largest distance of log-probabilities, computed in float32, from those of the model with its adapter not merged (of bf16:
  from ours of the same file).
- **gguf reads**: keys and tensors that the Python package reads as they are read here.
- **llama.cpp** is node-llama-cpp ${out.nodeLlamaCpp}. Greedy tokens after four texts are compared up to the first step whose two best lie
  within 0.05 nats; random models come to one soon.

## Refused by name

| model_type or GGUF architecture | why |
| --- | --- |
${refusals(REFUSED).join('\n')}

[Adding a family](adding-a-family.md) is one file where \`ModelConfig\` describes its models.
`;
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  const { format, resolveConfig } = await import('prettier');
  const path = join(root, PAGE);
  writeFileSync(path, await format(await page(root), { ...(await resolveConfig(path)), filepath: path }));
}
