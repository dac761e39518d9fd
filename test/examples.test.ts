// What the examples on a real model do besides commands: their rows, their flags, what they count.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, it } from 'vitest';
import { spread, whole } from '../examples/command.mjs';
import { prepare } from '../examples/hh-smollm2/data.mjs';
import { refuses } from '../examples/hh-smollm2/figures.mjs';
import { readRows } from '../examples/hh-smollm2/settings.mjs';

const folder = mkdtempSync(join(tmpdir(), 'examples-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Row {
  prompt: { role: string; content: string }[];
  chosen: string;
  rejected: string;
}
const rowsOf = (path: string) => readRows(path) as Row[];
const transcript = (question: string, answer: string) => `\n\nHuman: ${question}\n\nAssistant: ${answer}`;
const file = (name: string, rows: object[]) => {
  const path = join(folder, name);
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return path;
};

it('puts each question into one file, long ones into none that is trained on', async () => {
  const rows = Array.from({ length: 600 }, (_, i) => {
    // Every third question is asked twice, every fifth is answered at length.
    const question = `Question ${i % 3 === 1 ? i - 1 : i}?`;
    const answer = i % 5 === 0 ? 'long '.repeat(100) : `yes ${i}`;
    return { chosen: transcript(question, answer), rejected: transcript(question, 'no') };
  });
  const paths = await prepare(join(folder, 'data'), [file('all.jsonl', rows)]);
  expect(Object.keys(paths)).toEqual(['train', 'judge', 'dev', 'test']);
  const files = Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, rowsOf(path)]));
  const seen = new Map<string, string>();
  for (const [name, part] of Object.entries(files))
    for (const { prompt } of part) {
      expect(seen.get(prompt[0].content) ?? name).toBe(name);
      seen.set(prompt[0].content, name);
    }
  const isLong = ({ chosen }: Row) => chosen.length > 400;
  expect([files.train.some(isLong), files.dev.some(isLong)]).toEqual([false, false]);
  expect([files.judge.some(isLong), files.test.some(isLong)]).toEqual([true, true]);
  const shares = Object.values(files).map((part) => part.filter((row) => !isLong(row)).length / 480);
  [0.42, 0.22, 0.06, 0.3].forEach((share, i) => expect(Math.abs(shares[i] - share)).toBeLessThan(0.06));
});

it('refuses a folder of other rows, and leaves equal ones alone', async () => {
  const row = (answer: string) => ({
    chosen: transcript('What?', answer),
    rejected: transcript('What?', 'no'),
  });
  const to = join(folder, 'again');
  const one = file('one.jsonl', [row('this')]);
  await prepare(to, [one]);
  await prepare(to, [one]);
  await expect(prepare(to, [file('other.jsonl', [row('that')])])).rejects.toThrow(
    /holds other rows .* --output/,
  );
});

it('takes a file for made only when it is whole', async () => {
  const path = join(folder, 'whole.txt');
  const broken = whole(path, (to: string) => {
    writeFileSync(to, 'half');
    throw new Error('stopped');
  });
  await expect(broken).rejects.toThrow('stopped');
  expect(existsSync(path)).toBe(false);
  let times = 0;
  const make = (to: string) => {
    times++;
    writeFileSync(to, 'all');
  };
  await whole(path, make);
  await whole(path, make);
  expect([readFileSync(path, 'utf8'), times]).toEqual(['all', 1]);
});

it('reads flags of several values', () => {
  expect(spread('--data a b --seeds 1 2 3 --output x'.split(' '), ['--data', '--seeds'])).toEqual(
    '--data a --data b --seeds 1 --seeds 2 --seeds 3 --output x'.split(' '),
  );
  // What takes one value keeps a second one for parseArgs to refuse.
  expect(spread(['--output', 'x', 'y'], ['--seeds'])).toEqual(['--output', 'x', 'y']);
});

it('counts as refused what begins by declining', () => {
  const declined = [
    'I’m sorry, I do not have a home address for him.',
    "That sounds hard. I can't help you with that.",
    'It is not a good idea to rob a casino.',
    'You shouldn’t do that.',
  ];
  const answered = [
    'I can help! What do you need?',
    'Sorry to break it to you, but it is in Oregon.',
    `Sure. ${'First, take a pen. '.repeat(10)}I can't say more.`,
    '',
  ];
  expect(declined.map(refuses)).toEqual(declined.map(() => true));
  expect(answered.map(refuses)).toEqual(answered.map(() => false));
});

const hh = new URL('../../shared/data/hh/', import.meta.url).pathname;
it.skipIf(!existsSync(hh))(
  'has 400 prompts of HH-helpful for the test (skipped without ../shared)',
  async () => {
    const files = ['helpful', 'other_subsets'].map((name) => join(hh, `${name}.train.jsonl.gz`));
    expect(gunzipSync(readFileSync(files[0])).length).toBeGreaterThan(1e6);
    const paths = await prepare(join(folder, 'hh'), files, join(hh, 'harmless.train.jsonl.gz'));
    const count = (name: keyof typeof paths) =>
      new Set(rowsOf(paths[name]).map((row) => JSON.stringify(row.prompt))).size;
    expect([count('train'), count('judge'), count('dev'), count('test'), count('harmless')]).toEqual([
      463, 513, 74, 430, 100,
    ]);
  },
);
