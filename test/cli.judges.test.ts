import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { goodOne, StandInEndpoint, withLogprobs } from '@selfjudge/testing/endpoint/standIn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowsOf, run, temporaryFolder } from './support/cli.js';
import { inTerminal } from './support/terminal.js';
import { saveTinyModel, writeRows } from './support/tinyModel.js';

const { path: cwd, remove } = temporaryFolder();
const rowsIn = (name: string) => rowsOf(readFileSync(join(cwd, name), 'utf8'));
const judge = (...flags: string[]) => run(['judge', 'pairs.jsonl', ...flags], { cwd });

/** Of four pairs judgments of three: of one the other way round, of one a tie. */
const PAIRS = [0, 1, 2, 3].map((i) => ({ prompt: `p${i}`, chosen: `good ${i}`, rejected: `bad ${i}` }));
const said = (i: number, winner: string) => ({
  prompt: `p${i}`,
  completions: [`bad ${i}`, `good ${i}`],
  winner,
});

beforeAll(async () => {
  await saveTinyModel(join(cwd, 'model'));
  writeRows(cwd, 'pairs.jsonl', PAIRS);
  writeRows(cwd, 'people.jsonl', [said(0, 'b'), said(1, 'a'), said(2, 'tie')]);
  writeRows(cwd, 'others.jsonl', [said(0, 'a'), said(1, 'a')]);
});
afterAll(remove);

describe('judgments of a file', () => {
  it('are found in either order; a pair without one has no verdict, and is counted', async () => {
    const { code, stdout, stderr } = await judge('--judge', 'people.jsonl', '--out', 'recorded.jsonl');
    expect(code, stderr).toBe(0);
    expect(rowsIn('recorded.jsonl').map(({ winner }) => winner)).toEqual(['a', 'b', 'tie', null]);
    expect(rowsIn('recorded.jsonl')[1]).toMatchObject({ judgments: { a: 0, b: 1, ties: 0 } });
    expect(rowsIn('recorded.jsonl')[3]).toMatchObject({ reason: 'not-recorded' });
    expect(stdout).toMatch(/^accuracy +0\.500 .* 3$/m);
    expect(stdout).toMatch(/^no verdict +0\.250 .* 4$/m);
    expect(stderr).toMatch(/^warning: 1 of 4 rows are not in the file of judgments: no verdict$/m);
  });
});

describe('several judges', () => {
  it('vote: equal votes are a tie, each said its own, and nobody votes without a verdict', async () => {
    const server = await StandInEndpoint.start((body) => {
      const good = goodOne(body);
      return withLogprobs({ [good]: 0.6, [good === 'A' ? 'B' : 'A']: 0.3 });
    });
    const members = ['people.jsonl', 'others.jsonl', 'model', `${server.url}#tiny:1b`];
    const flags = ['--dtype', 'float32', '--out', 'all.jsonl'];
    const { code, stderr } = await judge(...members.flatMap((name) => ['--judge', name]), ...flags);
    expect(code, stderr).toBe(0);
    const alone = await judge('-m', 'model', '--dtype', 'float32');
    rowsOf(alone.stdout).forEach((own, i) => {
      const { members: all, winner, probability } = rowsIn('all.jsonl')[i];
      const people = ['a', 'b', 'tie', null][i];
      expect(all.map((one: { winner: unknown }) => one.winner)).toEqual([
        people,
        [`b`, 'b', null, null][i],
        own.winner,
        'a',
      ]);
      expect(all[2].orders).toEqual(own.orders);
      const votes = all.flatMap((one: { winner: string | null }) =>
        one.winner === null ? [] : [one.winner === 'tie' ? 0.5 : Number(one.winner === 'a')],
      );
      const share = votes.reduce((sum: number, vote: number) => sum + vote, 0) / votes.length;
      expect([winner, probability]).toEqual([share === 0.5 ? 'tie' : share > 0.5 ? 'a' : 'b', share]);
    });
    expect(stderr).toMatch(/^warning: 2 of 4 rows were decided without some judge/m);
    // What an endpoint cannot be asked any more is nobody's verdict: the rest stays for another time.
    const part = await judge(
      '--judge',
      'people.jsonl',
      '--judge',
      members[3],
      '--judge_calls',
      '4',
      '--judge_concurrency',
      '1',
      '--out',
      'part.jsonl',
    );
    expect(part.stderr).toMatch(/^2 rows are in part.jsonl.partial: the same command goes on/m);
  });

  it('of a YAML file with weights, in evaluate judge and in a tournament', async () => {
    writeFileSync(join(cwd, 'two.yaml'), 'judges: [people.jsonl, others.jsonl]\nweights: [1, 2]\n');
    const trust = ['evaluate', 'judge', '--judge', 'two.yaml', 'pairs.jsonl', '--json'];
    const { stdout, stderr } = await run(trust, { cwd });
    expect(JSON.parse(stdout), stderr).toMatchObject({
      judge: 'two.yaml',
      trust: { nulls: { value: 0.25 } },
    });
    const best = ['generate', '--prompt', 'p0', '-m', 'model', '--best_of', '2', '--max_new_tokens', '2'];
    const won = await run([...best, '--judge', 'two.yaml'], { cwd });
    expect(won.code, won.stderr).toBe(0);
    const refused = await run([...best, '--judge', 'terminal'], { cwd });
    expect(refused.stderr).toMatch(/^error: judge: expected a judge that says the same again/m);
  });
});

it('a person at the terminal: blind, with keys that are taken back, goes on after leaving', async () => {
  const odd = { prompt: 'p4', chosen: 'red \x1b[31mtext', rejected: 'same' };
  const same = { prompt: 'p5', chosen: 'same', rejected: 'same' };
  writeRows(cwd, 'hand.jsonl', [PAIRS[0], PAIRS[1], same, odd]);
  const args = ['judge', 'hand.jsonl', '--judge', 'terminal', '--seed', '3', '--out', 'hand.out.jsonl'];
  const first = inTerminal(args, cwd);
  /** The key of the answer that is good, or of the other one. */
  const keyOf = (screen: string, good: boolean) => (/── 1 ─+[^─]*good/.test(screen) === good ? '1' : '2');
  first.type(keyOf(await first.until(/1 of 4[^]*> $/), false));
  await first.until(/2 of 4[^]*> $/);
  first.type('u');
  first.type(keyOf(await first.until(/taken back[^]*1 of 4[^]*> $/), true));
  await first.until(/2 of 4[^]*> $/);
  first.type('q');
  await first.until(/1 rows are in hand.out.jsonl.partial: the same command goes on/);
  expect(await first.ended).toBe(130);
  const second = inTerminal(args, cwd);
  second.type(keyOf(await second.until(/1 of 4 rows are there already[^]*2 of 4[^]*> $/), false));
  const shown = await second.until(/4 of 4[^]*> $/);
  expect(shown).toContain('red ␛[31mtext');
  second.type('s');
  await second.until(/Verdicts on 4 rows/);
  expect(await second.ended).toBe(0);
  const rows = rowsIn('hand.out.jsonl');
  expect(rows.map(({ winner, reason }) => [winner, reason])).toEqual([
    ['a', undefined],
    ['b', undefined],
    ['tie', 'identical'],
    [null, 'skipped'],
  ]);
  expect(rows[0].shown_first).toMatch(/^[ab]$/);
  // What a person said is a judge among others.
  const again = await judge('--judge', 'hand.out.jsonl');
  expect(rowsOf(again.stdout).map(({ winner }) => winner)).toEqual(['a', 'b', null, null]);
  expect(existsSync(join(cwd, 'hand.out.jsonl.partial'))).toBe(false);
});
