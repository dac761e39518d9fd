// What the README and the guide show works: its TypeScript runs as it stands, and its command lines name verbs and flags there are.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { picturePath, SCHEMES, treePicture, withResults } from '../scripts/readme.mjs';
import { byteModel } from '@selfjudge/testing/tinyModel';

const root = fileURLToPath(new URL('..', import.meta.url));
const textOf = (path: string) => readFileSync(join(root, path), 'utf8');
const readme = textOf('README.md') + textOf('docs/guide.md');
const blocks = (language: string) =>
  [...readme.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, of, code]) => (of === language ? [code] : []));
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
/** Runs node; what reads the standard input finds its end. */
const node = (args: string[], cwd = root) => {
  const ended = promisify(execFile)(process.execPath, args, { cwd });
  ended.child.stdin?.end();
  return ended;
};

it('has the committed results in its table, and pictures as they are drawn', () => {
  const own = textOf('README.md');
  const rows = (table: string) => textOf(`docs/results/testbed/${table}.json`);
  const [ladder, bestOf] = [rows('ladder'), rows('bestOf')];
  expect(withResults(own, { ladder, bestOf })).toBe(own);
  for (const scheme of SCHEMES) expect(textOf(picturePath(scheme))).toBe(treePicture(scheme));
  // Another result is another table.
  const other = ladder.replace(/"gold":[\d.]+/, '"gold":0.999');
  expect(withResults(own, { ladder: other, bestOf })).not.toBe(own);
});

it('links to what is there', () => {
  for (const [page, folder] of [
    ['README.md', ''],
    ['docs/guide.md', 'docs'],
  ]) {
    const links = [...textOf(page).matchAll(/\]\(([^)#]+?)(?:#[^)]*)?\)/g)].map(([, path]) => path);
    const missing = links.filter((path) => !/^https?:/.test(path) && !existsSync(join(root, folder, path)));
    expect(missing, page).toEqual([]);
  }
});

it('runs the TypeScript example', async () => {
  const [code, ...others] = blocks('ts');
  expect(others).toEqual([]);
  // The example is run in a folder where its names mean something: MODEL a tiny model, pairs.jsonl short pairs.
  const folder = await mkdtemp(join(tmpdir(), 'selfjudge-readme-'));
  const model = byteModel();
  await model.save(join(folder, 'MODEL'));
  model.dispose();
  const pairs = Array.from({ length: 60 }, (_, i) => ({
    prompt: `Say ${i}.`,
    chosen: `${i}`,
    rejected: 'No',
  }));
  writeFileSync(join(folder, 'pairs.jsonl'), pairs.map((pair) => `${JSON.stringify(pair)}\n`).join(''));
  const library = join(root, 'packages/selfjudge/dist/index');
  writeFileSync(join(folder, 'example.mts'), code);
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: 'ES2022',
    module: 'NodeNext',
    skipLibCheck: true,
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
    paths: { selfjudge: [`${library}.d.ts`] },
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['example.mts'] }));
  const { stdout: complaints } = await node([tsc, '-p', folder]).catch((error: { stdout: string }) => error);
  expect(complaints).toBe('');
  // The example has no types of its own, so that Node can run it.
  const plain = code.replace("from 'selfjudge'", `from '${pathToFileURL(`${library}.js`).href}'`);
  writeFileSync(join(folder, 'example.mjs'), plain);
  const { stdout } = await node(['example.mjs'], folder);
  expect(stdout).toMatch(/^agrees with people on [\d.]+ \[[\d.]+, [\d.]+\] of \d+ pairs\n1 0 /);
  // The merged model needs no base and none of what training wrote.
  await rm(join(folder, 'runs'), { recursive: true });
  const merged = readFileSync(join(folder, 'aligned/judge_template.yaml'), 'utf8');
  expect(merged).toContain('name: plain');
  await rm(folder, { recursive: true });
});

/** What keeps a run small, by verb. */
const SMALL: Record<string, string> = {
  jsft: '--max_steps 2 --train_batch_size 2 --judge_batch_size 2 --lora_r 2',
  'self-train':
    '--max_steps 1 --train_batch_size 2 --max_new_tokens 4 --missing_eos keep --eval_steps 0 --lora_r 2',
  evaluate: '--max_new_tokens 4',
  generate: '--max_new_tokens 4',
  chat: '--max_new_tokens 4',
};

it('runs the chain of commands on a real model, line by line', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'selfjudge-chain-'));
  try {
    const model = byteModel();
    await model.save(join(folder, 'MODEL'));
    model.dispose();
    const line = (row: object) => `${JSON.stringify(row)}\n`;
    const pairs = Array.from({ length: 60 }, (_, i) => ({
      prompt: `Say ${i}.`,
      chosen: `${i}`,
      rejected: 'No',
      source: i,
    }));
    writeFileSync(join(folder, 'pairs.jsonl'), pairs.map(line).join(''));
    writeFileSync(join(folder, 'completions.jsonl'), line({ prompt: 'Say 1.', completion: '1' }));
    const chain = ['selfjudge jsft', 'selfjudge merge']
      .map((verb) => blocks('sh').find((block) => block.includes(verb))!)
      .join('');
    const main = join(root, 'packages/selfjudge/dist/cli/main.js');
    const said: string[] = [];
    for (const command of chain.trimEnd().split('\n')) {
      const [, , verb, ...rest] = words(command);
      const { stdout } = await node([main, verb, ...rest, ...words(SMALL[verb] ?? '')], folder);
      said.push(`${verb}: ${stdout}`);
    }
    const verdicts = readFileSync(join(folder, 'verdicts.jsonl'), 'utf8').trimEnd().split('\n');
    const [first] = verdicts.map((row) => JSON.parse(row) as Record<string, unknown>);
    expect(verdicts).toHaveLength(pairs.length);
    expect(first).toMatchObject({ ...pairs[0], probability: expect.any(Number) });
    // One user turn, as the first line said: the runs after it remember.
    expect(readFileSync(join(folder, 'runs/self/final/training_data.json'), 'utf8')).toContain('"chat"');
    expect(said.join('')).toMatch(
      /evaluate: The baseline as judge, [^]*The model itself as judge[^]*Win rate against the baseline/,
    );
    expect(readFileSync(join(folder, 'scores.jsonl'), 'utf8')).toMatch(/^{"logprob":-\d/);
    const made = ['merged/model.safetensors', 'merged-gguf/Modelfile', 'adapter-gguf/adapter.gguf'];
    expect(made.filter((file) => !existsSync(join(folder, file)))).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

/** The words of a shell line without variables; a `#` begins a comment. */
function words(line: string): string[] {
  return (line.replace(/ #.*$/, '').match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replace(/^"|"$/g, ''));
}

it('names verbs and flags there are', async () => {
  const lines = blocks('sh')
    .join('\n')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line.startsWith('pnpm selfjudge '));
  expect(lines.length).toBeGreaterThanOrEqual(6);
  const helps = new Map<string, Promise<string>>();
  for (const line of lines) {
    const [, , first, ...rest] = words(line);
    const cli = 'packages/selfjudge/dist/cli/main.js';
    // `evaluate judge` is a verb of two words.
    const verb =
      first === 'evaluate' && /^(judge|policy|injection)$/.test(rest[0]) ? [first, rest[0]] : [first];
    const key = verb.join(' ');
    if (!helps.has(key))
      helps.set(
        key,
        node([cli, ...verb, '--help']).then(({ stdout }) => stdout),
      );
    // A verb that is none prints no help and ends with an error.
    const help = await helps.get(key)!;
    for (const flag of rest.filter((word) => word.startsWith('-')))
      expect(help.split(/[\s,]+/), `${line}: ${flag}`).toContain(flag.replace(/=.*$/, ''));
  }
});

it('docs/performance.md is what the committed results say', async () => {
  const { stdout } = await node(['benchmarks/report.mjs']);
  expect(readFileSync(join(root, 'docs/performance.md'), 'utf8')).toBe(stdout);
});
