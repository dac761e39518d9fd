// The addon is opened by the first device, never by an import: every entry of every package is imported in a process of
// its own, does some of what it is for, and no `.node` file was opened. What a web page or a server without a compiler
// needs (rows, templates, verdicts, statistics) works where there is no addon at all.
import { execFile } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { repository } from './support/scratchRepository.js';

/** Each body is run with the entry as `it` and gives something that `is` expects. */
const WORK: Record<string, { body: string; is: unknown }> = {
  '@selfjudge/base': {
    body: `return [it.mean([1, 2, 6]), it.isError(new it.ArgumentError('x', { where: 'f', expected: 'y', received: 1 }), 'SJ_WRONG_ARGUMENT')]`,
    is: [3, true],
  },
  '@selfjudge/text': {
    body: `const t = it.byteTokenizer(); return t.decode(t.encode('héllo'))`,
    is: 'héllo',
  },
  '@selfjudge/data': {
    body: `const { rows } = await it.loadPreferences(${JSON.stringify(join(repository, 'test/data/preferences.jsonl'))}); return [rows.length > 0, it.parseYaml('a: [1, 2]').a]`,
    is: [true, [1, 2]],
  },
  '@selfjudge/judging': {
    body: `
      const { byteTokenizer } = await other('text');
      const tokenizer = byteTokenizer({ words: [' A', ' B'] });
      const { questions } = it.JudgeFormat.of(it.loadJudgeTemplate('plain'), tokenizer);
      const orders = [{ rendered: '', pA: 0.5, pB: 0.25 }, { rendered: '', pA: 0.25, pB: 0.5 }];
      const verdict = it.verdictOf(orders, [it.voteOf('overall', ...orders)]);
      return [questions.length, verdict.winner, verdict.scoreA];`,
    is: [1, 'a', 0.5],
  },
  '@selfjudge/evaluation': {
    body: `
      const { low, high } = it.wilson(5, 10);
      return [low > 0.2 && low < 0.3, high > 0.7 && high < 0.8];`,
    is: [true, true],
  },
  '@selfjudge/training': {
    body: `
      const rate = { learningRate: 1, lrSchedulerType: 'linear', warmupRatio: 0, warmupSteps: 0, minLrRatio: 0 };
      const answer = { logp: -1, reference: -2, length: 3 };
      const pair = { chosen: answer, rejected: { ...answer, logp: -2 } };
      return [it.schedule(rate, 4)(1), it.preferenceLoss([pair], { ...it.dpoDefaults, lossType: 'hinge', beta: 1 })[0].value];`,
    is: [1, 0],
  },
  '@selfjudge/engine': {
    body: `
      const sequences = [{ tokens: [1, 2, 3] }, { tokens: [1, 2, 4] }];
      return [it.TreeBatch.from(sequences).rows, [...it.plan([{ sequences }], 8)].length, it.treeShape(sequences).pairs];`,
    is: [4, 1, 9],
  },
  selfjudge: {
    body: `return it.loadModel('/nothing/here').then(() => 'a model', ({ code }) => [code, typeof it.VERSION])`,
    is: ['SJ_FILE_FORMAT', 'string'],
  },
};

interface Entry {
  name: string;
  /** Whether this is what the package's name alone means. */
  main: boolean;
  file: string;
}
const entries: Entry[] = readdirSync(join(repository, 'packages')).flatMap((folder) => {
  const at = join(repository, 'packages', folder);
  const {
    name,
    exports,
    private: hidden,
  } = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')) as {
    name: string;
    exports: Record<string, { default: string }>;
    private?: boolean;
  };
  if (hidden === true) return []; // the test kit, which is never built
  return Object.entries(exports).map(([part, { default: file }]) => ({
    name: join(name, part),
    main: part === '.',
    file: join(at, file),
  }));
});

/** Imports a file and runs `body` with it, in a new process. */
async function inProcess(file: string, body: string, env: Record<string, string> = {}) {
  const script = `
    const opened = [];
    const { dlopen } = process;
    process.dlopen = (module, path, ...rest) => {
      opened.push(path);
      return dlopen.call(process, module, path, ...rest);
    };
    const it = await import(${JSON.stringify(pathToFileURL(file).href)});
    const other = (name) => import(${JSON.stringify(pathToFileURL(join(repository, 'packages')).href)} + '/' + name + '/dist/index.js');
    const result = await (async () => { ${body} })();
    process.report.excludeNetwork = true;
    const shared = process.report.getReport().sharedObjects.filter((path) => path.endsWith('.node'));
    process.stdout.write(JSON.stringify({ result, opened: [...opened, ...shared] }));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: repository,
    env: { ...process.env, ...env },
  });
  return JSON.parse(stdout) as { result: unknown; opened: string[] };
}

it('knows what every package is to do', () => {
  const packages = entries.filter(({ main }) => main).map(({ name }) => name);
  expect(packages.sort()).toEqual(Object.keys(WORK).sort());
});

it.each(entries)('$name opens no addon', async ({ name, file }) => {
  const { body, is } = WORK[name] ?? { body: 'return Object.keys(it).length > 0', is: true };
  const { result, opened } = await inProcess(file, body);
  expect({ result, opened }).toEqual({ result: is, opened: [] });
});

it('sees an addon that is opened', async () => {
  const { file } = entries.find(({ name }) => name === '@selfjudge/engine')!;
  const { opened } = await inProcess(file, `it.Device.open('cpu').close(); return 0`);
  expect(opened.length).toBeGreaterThan(0);
  expect(new Set(opened.map((path) => path.split(/[\\/]/).at(-1)))).toEqual(
    new Set(['selfjudge_native.node']),
  );
  const missing = inProcess(file, `it.Device.open('cpu')`, { SELFJUDGE_NATIVE_MODULE: '/nothing/here.node' });
  await expect(missing).rejects.toThrow(
    'The native addon /nothing/here.node has not been built. Run: pnpm build',
  );
});
