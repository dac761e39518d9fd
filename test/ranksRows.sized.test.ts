// Verbs over rows by several processes: the files are those of one process to the byte, another number goes on with them, and what
// goes wrong in one process is said by its rank. Skipped where no MPI is set up (pnpm setup:mpi).
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { soak } from '@selfjudge/testing/project';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, temporaryFolder } from './support/cli.js';
import { launchedByHand, withoutMpi } from './support/ranks.js';
import { saveTinyModel, writeRows } from './support/tinyModel.js';

const { path: cwd, remove } = temporaryFolder();
const M = '-m model --dtype float32 --device cpu';
/** What a verb is given, and the files that it writes; the standard output counts too. */
const VERBS: Record<string, { args: string; files: string[] }> = {
  judge: {
    args: `judge pairs.jsonl ${M} --by domain --out OUT.jsonl --write_pairs OUT.pairs.jsonl --cache OUT.cache`,
    files: ['OUT.jsonl', 'OUT.pairs.jsonl'],
  },
  generate: {
    args: `generate prompts.jsonl ${M} --count 3 --max_new_tokens 9 --prompt_format chat --out OUT.jsonl`,
    files: ['OUT.jsonl'],
  },
  'generate --best_of': {
    args: `generate prompts.jsonl ${M} --best_of 3 --max_new_tokens 5 --prompt_format chat --out OUT.jsonl`,
    files: ['OUT.jsonl'],
  },
  'generate to stdout': { args: `generate prompts.jsonl ${M} --max_new_tokens 4 --json`, files: [] },
  score: { args: `score answers.jsonl ${M} --out OUT.jsonl`, files: ['OUT.jsonl'] },
  'score --reward': {
    args: `score answers.jsonl -m reward --device cpu --reward --out OUT.jsonl`,
    files: ['OUT.jsonl'],
  },
  'judge --explain': {
    args: `judge pairs.jsonl ${M} --judge_template rationale --explain --max_new_tokens 6 --out OUT.jsonl`,
    files: ['OUT.jsonl'],
  },
  'judge of more answers': { args: `judge many.jsonl ${M} --out OUT.jsonl`, files: ['OUT.jsonl'] },
  'evaluate judge': {
    args: `evaluate judge pairs.jsonl ${M} --output_dir OUT --json`,
    files: ['OUT/judge.json', 'OUT/verdicts.jsonl'],
  },
  evaluate: {
    args: `evaluate ${M} --dataset_name preferences.jsonl --dataset_split all --baseline base --max_new_tokens 5 --out OUT.json --json`,
    files: ['OUT.json'],
  },
};
const JUDGING = new URL('../packages/judging/dist/index.js', import.meta.url).href;
const IN_UNIT = ['judge'];

const text = (name: string) => readFileSync(join(cwd, name), 'utf8');
const outputs = (verb: string, out: string) =>
  VERBS[verb].files.map((file) => text(file.replace('OUT', out)));
const argsOf = (verb: string, out: string, count?: number) => [
  ...VERBS[verb].args.replaceAll('OUT', out).split(' '),
  ...(count === undefined ? [] : ['--num_processes', String(count)]),
];

beforeAll(async () => {
  await saveTinyModel(join(cwd, 'model'));
  await saveTinyModel(join(cwd, 'base'), { seed: 5 });
  const things = Array.from({ length: 70 }, (_, i) => i);
  writeRows(
    cwd,
    'pairs.jsonl',
    things.map((i) => ({
      prompt: `What is ${i % 60}?`,
      // One row that cannot be used, some equal answers.
      completions: i === 7 ? ['one'] : [`It is ${i}.`, i % 9 === 0 ? `It is ${i}.` : `No idea of ${i}.`],
      winner: i % 2 === 0 ? 'a' : 'b',
      domain: ['code', 'law'][i % 2],
    })),
  );
  const few = things.slice(0, 13);
  writeRows(
    cwd,
    'prompts.jsonl',
    few.map((i) => ({ prompt: `Say ${i}.` })),
  );
  writeRows(
    cwd,
    'answers.jsonl',
    few.map((i) => ({ prompt: `Say ${i}.`, completion: i === 4 ? '' : 'x'.repeat(i) })),
  );
  writeRows(
    cwd,
    'many.jsonl',
    few.map((i) => ({ prompt: `Say ${i}.`, completions: ['a', `b${i}`, 'ccc', `${i}d`] })),
  );
  writeRows(
    cwd,
    'preferences.jsonl',
    few.map((i) => ({ prompt: `Say ${i}.`, chosen: `${i}`, rejected: 'no' })),
  );
});
afterAll(remove);

describe.skipIf(withoutMpi)('a verb of several processes', () => {
  it.for(soak ? Object.keys(VERBS) : IN_UNIT)('%s: writes what one process writes', async (verb) => {
    if (verb === 'score --reward') {
      const reward =
        'reward -m model --dtype float32 --device cpu --dataset_name preferences.jsonl --max_steps 1 -o reward';
      expect(await run(reward.split(' '), { cwd })).toMatchObject({ code: 0 });
    }
    const name = verb.replaceAll(/\W+/g, '-');
    const alone = await run(argsOf(verb, `${name}-1`), { cwd });
    expect(alone.code, alone.stderr).toBe(0);
    for (const count of soak ? [1, 2, 4] : [2]) {
      const shared = await run(argsOf(verb, `${name}-of-${count}`, count), { cwd });
      expect(shared.code, shared.stderr).toBe(0);
      expect(outputs(verb, `${name}-of-${count}`)).toEqual(outputs(verb, `${name}-1`));
      expect(shared.stdout.replaceAll(`${name}-of-${count}`, `${name}-1`)).toBe(alone.stdout);
    }
    expect(readdirSync(cwd).filter((file) => /\.tmp|\.lock|\.partial/.test(file))).toEqual([]);
  });

  it('goes on at another number after the rows that are there', async () => {
    const whole = text('judge-1.jsonl');
    const lines = whole.split('\n');
    // As a job that was killed leaves it, in the middle of a line.
    const { finished: _, ...state } = JSON.parse(text('judge-1.jsonl.config.json')) as Record<
      string,
      unknown
    >;
    writeFileSync(join(cwd, 'begun.jsonl.config.json'), JSON.stringify(state));
    writeFileSync(
      join(cwd, 'begun.jsonl.partial'),
      `${lines.slice(0, 40).join('\n')}\n${lines[40].slice(0, 20)}`,
    );
    const onward = await run(argsOf('judge', 'begun', 2), { cwd });
    expect(onward).toMatchObject({ code: 0 });
    expect(onward.stderr).toContain('40 of 70 rows are there already');
    expect(text('begun.jsonl')).toBe(whole);
  });
});

describe.skipIf(withoutMpi || !soak)('a verb that goes wrong in a process', () => {
  /** Rank 1 gets another command line, or another environment. */
  const job = async (args: string[], change: string) => {
    const node = join(cwd, 'node');
    writeFileSync(
      node,
      `#!/bin/sh\n[ "$OMPI_COMM_WORLD_RANK" = 1 ] && ${change}\nexec ${process.execPath} "$@"\n`,
    );
    chmodSync(node, 0o755);
    return launchedByHand(2, node, args, cwd);
  };

  it('names the rank and what it has not in common with the others, before any row is written', async () => {
    writeRows(cwd, 'other.jsonl', [{ prompt: 'x', completions: ['y', 'z'], winner: 'a', domain: 'code' }]);
    const { code, stderr } = await job(
      argsOf('judge', 'refused'),
      'set -- "$1" "$2" other.jsonl "$4" "$5" "$6" "$7" "$8" "$9"',
    );
    expect(stderr).toMatch(/^error: .*rank 1/m);
    expect(code).not.toBe(0);
    expect(existsSync(join(cwd, 'refused.jsonl'))).toBe(false);
    const seed = await job(argsOf('generate', 'refused'), 'set -- "$@" --seed 5');
    expect(seed.stderr).toContain(
      'error: seed: expected the same on all ranks; rank 0 has 0, received 5 on rank 1',
    );
  });

  it('says which rank failed in the middle of the work, and leaves no half output', async () => {
    const failing = 'set -- --import ./fail.mjs "$@"';
    writeFileSync(
      join(cwd, 'fail.mjs'),
      `import { TokenJudge } from '${JUDGING}';\nTokenJudge.prototype.compare = async () => { throw new Error('no more'); };\n`,
    );
    const { code, stderr } = await job(argsOf('judge', 'failed'), failing);
    expect(stderr).toMatch(/error: rank 1: /);
    expect(code).not.toBe(0);
    expect(existsSync(join(cwd, 'failed.jsonl'))).toBe(false);
  });

  it('refuses a judge behind an endpoint, which one process asks, and a verb that is not shared', async () => {
    const endpoint = ['--judge_endpoint', 'http://127.0.0.1:9', '--num_processes', '2'];
    const asked = await run(['judge', 'pairs.jsonl', '-m', 'x', ...endpoint], { cwd });
    expect(asked.stderr).toMatch(/error: judge_endpoint: expected one process/);
    const env = { OMPI_COMM_WORLD_RANK: '0', OMPI_COMM_WORLD_SIZE: '2' };
    const chat = await run(['chat', '-m', 'model'], { cwd, env });
    expect(chat.stderr).toMatch(/^error: chat: expected one process/m);
    expect(chat.code).toBe(2);
  });
});
