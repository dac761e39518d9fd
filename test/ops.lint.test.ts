// Every op is whole: contract, CPU kernel, CUDA kernel, wrapper, cases and bench, under one stem. `pnpm ops` prints the same.
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { opBenches } from '../benchmarks/ops/catalog.mjs';
import { contracts } from '../native/index.mjs';
import { idleExcuses, readOps, readPeers, table } from '../scripts/opCatalog.mjs';
import { readContracts } from '../scripts/opContracts.mjs';
import { PATHS } from '../scripts/opPaths.mjs';
import { withOpTable } from '../scripts/opTable.mjs';
import { repository } from './support/scratchRepository.js';

interface Op {
  stem: string;
  problems: { place: string; why: string; excuse?: string }[];
}

const lacking = (ops: Op[]) =>
  ops.flatMap(({ stem, problems }) =>
    problems.filter(({ excuse }) => excuse === undefined).map(({ place, why }) => `${stem} ${place}: ${why}`),
  );

describe('the ops of this repository', () => {
  const ops: Op[] = readOps(repository);

  it('lack nothing', () => {
    expect(ops.length).toBeGreaterThanOrEqual(29);
    expect(lacking(ops), `\n${table(ops)}\n`).toEqual([]);
  });

  it('have no excuse they do not need', () => {
    expect(idleExcuses(ops)).toEqual([]);
  });

  it('are read from their headers as the addon knows them', () => {
    expect(readContracts(repository)).toEqual(contracts());
  });

  it('are all in the table of the guide: pnpm ops --table writes it', () => {
    expect(readFileSync(join(repository, PATHS.guide), 'utf8')).toBe(withOpTable(repository));
  });

  it('are measured against a peer, or say why not', async () => {
    const benches: [string, { noPeer?: string }][] = Object.entries(await opBenches());
    const alone = benches.flatMap(([name, { noPeer }]) => (noPeer === undefined ? [] : [name]));
    expect([...readPeers(repository), ...alone].sort()).toEqual(benches.map(([name]) => name).sort());
  });
});

const CPU = PATHS.cpu;
const CUDA = PATHS.cuda;
const TENSOR = PATHS.tensor;
const CASES = PATHS.cases;
const READ = ['native/include', CPU, CUDA, TENSOR, CASES, PATHS.wrongCalls, PATHS.bench];

/** Changes to a copy of the sources. */
class Sources {
  readonly root = mkdtempSync(join(tmpdir(), 'selfjudge-ops-'));

  constructor() {
    for (const path of READ) cpSync(join(repository, path), join(this.root, path), { recursive: true });
  }

  remove(path: string): void {
    rmSync(join(this.root, path));
  }

  move(from: string, to: string): void {
    renameSync(join(this.root, from), join(this.root, to));
  }

  write(path: string, text: string): void {
    writeFileSync(join(this.root, path), text);
  }

  replace(path: string, from: string, to: string): void {
    const text = readFileSync(join(this.root, path), 'utf8');
    expect(text).toContain(from);
    this.write(path, text.replaceAll(from, to));
  }
}

const NO_ROW = 'wrong calls';
const missing = (place: string) =>
  `halve ${place}: missing${place === NO_ROW ? ` in ${PATHS.wrongCalls}` : ''}`;

describe('an op that lacks something is named', () => {
  const changes: [string, (sources: Sources) => void, string[]][] = [
    ['nothing changed', () => {}, []],
    ['no contract', (s) => s.remove('native/include/ops/rope.h'), ['rope contract: missing']],
    [
      'not registered',
      (s) => s.replace('native/include/ops.h', 'X(rope) ', ''),
      ['rope contract: not in SJ_OPS'],
    ],
    ['no CPU kernel', (s) => s.remove(`${CPU}/rope.cpp`), ['rope cpu: missing']],
    [
      'no CUDA kernel of the backward',
      (s) => s.replace(`${CUDA}/swiglu.cu`, 'int32_t run_swiglu_backward(', 'int32_t other('),
      ['swiglu_backward cuda: missing'],
    ],
    [
      'a kernel in a file of another name',
      (s) => s.move(`${CUDA}/rope.cu`, `${CUDA}/rotate.cu`),
      ['rope cuda: in rotate.cu, not in rope.cu'],
    ],
    [
      'no wrapper',
      (s) => s.remove(`${TENSOR}/ops/swiglu.ts`),
      ['swiglu wrapper: missing', 'swiglu_backward wrapper: missing'],
    ],
    [
      'no cases',
      (s) => s.remove(`${CASES}/optimizer.ts`),
      ['adamw cases: missing', 'global_norm cases: missing'],
    ],
    [
      'cases without gradients',
      (s) => s.replace(`${CASES}/rows.ts`, "op: 'embedding',", "op: 'embedding', differentiable: false,"),
      ['embedding_backward cases: missing'],
    ],
    [
      'no row of wrong calls',
      (s) => s.replace(PATHS.wrongCalls, '  rope: entry(', "  ['rope']: entry("),
      [`rope wrong calls: missing in ${PATHS.wrongCalls}`],
    ],
    [
      'no bench',
      (s) => s.replace('benchmarks/ops/ours/rows.mjs', 'export const rope = {', 'const rope = {'),
      ['rope bench: missing'],
    ],
    [
      'no bench of the backward',
      (s) => s.replace('benchmarks/ops/ours/head.mjs', '  backward: true,\n', ''),
      ['linear_logprob_backward bench: missing'],
    ],
    [
      'a kernel alone',
      (s) => s.write(`${CPU}/halve.cpp`, 'int32_t run_halve(const sj_call&, sj_error*) {'),
      ['contract', 'cuda', 'wrapper', 'cases', NO_ROW, 'bench'].map(missing),
    ],
    [
      'a bench alone',
      (s) => s.write('benchmarks/ops/ours/halve.mjs', 'export const halve = {\n  backward: true,\n};\n'),
      ['contract', 'cpu', 'cuda', 'wrapper', 'cases', NO_ROW].map(missing),
    ],
  ];
  it.each(changes)('%s', (_, change, expected) => {
    const sources = new Sources();
    change(sources);
    const found = lacking(readOps(sources.root));
    rmSync(sources.root, { recursive: true });
    expect(found).toEqual(expected);
  });
});
