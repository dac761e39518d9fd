import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { goodOne, StandInEndpoint, withLogprobs } from '@selfjudge/testing/endpoint/standIn';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rowsOf, run, temporaryFolder } from './support/cli.js';
import { writeRows } from './support/tinyModel.js';

const { path: cwd, remove } = temporaryFolder();
const text = (name: string) => readFileSync(join(cwd, name), 'utf8');
const ROWS = [...Array(40).keys()].map((i) => ({
  prompt: `Question ${i}?`,
  chosen: i % 4 === 0 ? `bad ${i}` : `good ${i}`,
  rejected: i % 4 === 0 ? `good ${i}` : `bad ${i}`,
}));

let server: StandInEndpoint;
beforeAll(async () => {
  server = await StandInEndpoint.start((body) => {
    const good = goodOne(body);
    return withLogprobs({ [good]: 0.6, [good === 'A' ? 'B' : 'A']: 0.3 });
  });
  writeRows(cwd, 'pairs.jsonl', ROWS);
});
afterAll(remove);

const judge = (out: string, ...flags: string[]) =>
  run(['judge', 'pairs.jsonl', '-m', 'tiny:1b', '--judge_endpoint', server.url, '--out', out, ...flags], {
    cwd,
    env: { JUDGE_ENDPOINT_KEY: 'a-key-of-mine' },
  });

it('judges rows like a model here: accuracy, pairs, cache', async () => {
  const first = await judge('whole.jsonl', '--write_pairs', 'own.jsonl', '--cache', 'cache');
  expect(first.code, first.stderr).toBe(0);
  expect(first.stdout).toMatch(/^accuracy +0\.750 \[/m);
  expect(first.stdout).toMatch(/^both orders agree +1\.000 .* 40$/m);
  const rows = rowsOf(text('whole.jsonl'));
  expect(rows.map(({ winner }) => winner)).toEqual(ROWS.map((_, i) => (i % 4 === 0 ? 'b' : 'a')));
  expect(rowsOf(text('own.jsonl')).every(({ chosen }) => chosen.startsWith('good'))).toBe(true);
  expect(server.asked).toHaveLength(80);
  expect(server.headers.every(({ authorization }) => authorization === 'Bearer a-key-of-mine')).toBe(true);
  // Nobody is asked again, and nothing that is written says the key.
  const second = await judge('again.jsonl', '--cache', 'cache');
  expect(second.stderr).toMatch(/^note: 40 verdicts were in cache$/m);
  expect(server.asked).toHaveLength(80);
  expect(text('again.jsonl')).toBe(text('whole.jsonl'));
  expect(text('again.jsonl') + text('again.jsonl.config.json') + second.stderr).not.toContain(
    'a-key-of-mine',
  );
});

it('with calls used up, it keeps what was judged, and the same command goes on', async () => {
  const part = await judge('budget.jsonl', '--judge_calls', '50', '--judge_concurrency', '1');
  expect(part.code).toBe(2);
  expect(part.stderr).toMatch(/^25 rows are in budget.jsonl.partial: the same command goes on after them$/m);
  expect(part.stderr).toMatch(/^error: judge_calls: expected enough for the 15 rows that are left/m);
  expect(existsSync(join(cwd, 'budget.jsonl'))).toBe(false);
  const rest = await judge('budget.jsonl', '--judge_calls', '30', '--judge_concurrency', '4');
  expect(rest.code, rest.stderr).toBe(0);
  expect(text('budget.jsonl')).toBe(text('whole.jsonl'));
  // Another endpoint, model or template is another judge.
  const other = await judge('budget.jsonl', '-m', 'other:1b');
  expect(other).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^error: model_name_or_path: expected "tiny:1b"/m),
  });
});

it('says what it cannot do beside an endpoint, and what does nothing', async () => {
  for (const [flags, message] of [
    [['--explain'], /^error: explain: expected nothing beside judge_endpoint, received true$/m],
    [['--adapter', 'folder'], /^error: adapter: expected nothing beside judge_endpoint, received folder$/m],
    [['--judge_endpoint', 'localhost:8000'], /^error: judge_endpoint: expected /m],
  ] as const)
    expect(await judge('refused.jsonl', ...flags)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(message),
    });
  expect((await judge('idle.jsonl', '--device', 'cpu', '--cache', 'cache')).stderr).toMatch(
    /^note: device cpu does nothing: judge_endpoint computes elsewhere/m,
  );
});

it('without an answer on many pairs in a row it stops: later somebody may be there', async () => {
  await server.close();
  const { code, stderr } = await judge('silent.jsonl', '--judge_concurrency', '40');
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^error: \[judge\] the endpoint: expected an answer, received none on 32 pairs in a row \(.*ECONNREFUSED.*, 4 times in a row\)$/m,
  );
  expect(existsSync(join(cwd, 'silent.jsonl'))).toBe(false);
  expect(existsSync(join(cwd, 'silent.jsonl.partial'))).toBe(false);
});
