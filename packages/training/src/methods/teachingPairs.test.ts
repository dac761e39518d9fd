import { byteTokenizer } from '@selfjudge/text';
import { expect, it } from 'vitest';
import { prepareReward } from './reward.js';
import { teachingPairs } from './teachingPairs.js';

it('counts what is left out by length, beside what was left out before, and says what teaches', () => {
  const row = (id: string, chosen: number, rejected: number) => ({
    id,
    prompt: 'q',
    chosen: 'c'.repeat(chosen),
    rejected: 'r'.repeat(rejected),
  });
  const rows = [row('1', 40, 20), row('2', 42, 20), row('3', 20, 41), row('4', 9, 9), row('5', 900, 9)];
  const prepared = prepareReward(byteTokenizer(), rows, { maxLength: 200 });
  const said: string[] = [];
  const { examples, dropped } = teachingPairs(prepared, rows, { pairLengths: 'balanced', seed: 3 }, (line) =>
    said.push(line),
  );
  const [long] = ['1', '2'].filter((id) => examples.some((example) => example.id === id));
  expect(examples.map(({ id }) => id)).toEqual([long, '3', '4']);
  expect(dropped.map(({ id, problem }) => [id, problem.code])).toEqual([
    ['5', 'too-long'],
    [long === '1' ? '2' : '1', 'length-balance'],
  ]);
  expect(said).toEqual([
    'pair_lengths balanced: 3 of 4 pairs teach which answer is better: the longer one in 1, the shorter one in 1, equally long in 1',
  ]);
  expect(teachingPairs(prepared, rows, { pairLengths: 'all', seed: 3 }, () => {})).toBe(prepared);
});
