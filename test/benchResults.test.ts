// What benches make of their turns, and the plots of it.
import { expect, it } from 'vitest';
import { result } from '../benchmarks/compare.mjs';
import { comparison, interleave, summary } from '../benchmarks/harness.mjs';
import { plot } from '../benchmarks/plots.mjs';

const of = { name: 'bench', shape: {}, metric: 'time', unit: 's', peer: undefined, peerName: undefined };

it('a ratio is above 1 when ours is better, whichever way the metric goes', () => {
  const [ours, peer] = [
    [1, 2, 2],
    [4, 4, 4],
  ];
  const time = result({ ...of, ours, peer, peerName: 'peer' });
  expect(time).toMatchObject({ ours: 2, peer: 4, ours_min: 1, peer_min: 4, peer_name: 'peer', ratio: 2 });
  expect(time.spread).toBe(1); // of the ratios 4, 2, 2
  expect(result({ ...of, ours, peer, peerName: 'peer', more: true })).toMatchObject({ ratio: 0.5 });
});

it('a result without a peer is ours alone', () => {
  expect(result({ ...of, ours: [1, 2, 3] })).toEqual({
    name: 'bench',
    shape: {},
    metric: 'time',
    unit: 's',
    ours: 2,
    ours_min: 1,
    spread: 1,
    rounds: 3,
  });
});

it('a ratio is the median of the ratios of each round, and the spread is theirs', () => {
  // Both sides slow down together: every round has the same ratio, though their medians do not.
  const [ours, peer] = [
    [1, 4, 2, 8],
    [2, 8, 4, 16],
  ];
  expect(comparison(ours, peer, (x: number) => x)).toMatchObject({ ratio: 2, spread: 0, rounds: 4 });
  // Rounds of ratios 1, 2 and 9; the ratio of the medians would be 3.
  expect(comparison([1, 3, 1], [1, 6, 9], (x: number) => x)).toMatchObject({ ratio: 2, spread: 4 });
});

it.each([
  [[1], 0],
  [[1, 2], 2 / 3],
  [[3, 1, 2], 1],
  [[1, 2, 3, 4], 1.2],
  [[1, 2, 3, 4, 100], 2 / 3], // from five rounds on, the quartiles: one that was disturbed does not widen it
  [[9, 5, 5, 5, 5, 1, 5, 5], 0],
])('the spread of %s is %d', (values, spread) => {
  expect(summary(values)).toMatchObject({ spread, rounds: values.length });
});

it('takes turns in both orders, so that a machine that drifts favours neither', async () => {
  const asked: string[] = [];
  const contender = (name: string) => ({
    name,
    ask: async () => (asked.push(name), { seconds: asked.length }),
  });
  const [a, b] = await interleave([contender('a'), contender('b')], {}, { warmup: 1, rounds: 4 });
  expect(asked.join('')).toBe('abbaabbaab');
  const seconds = (answers: { seconds: number }[]) => answers.reduce((sum, one) => sum + one.seconds, 0);
  expect(seconds(a)).toBe(seconds(b));
});

it('plots a labelled line for each number of threads', () => {
  const rows = [1, 2].flatMap((threads) =>
    [64, 128].map((tokens) => ({
      metric: 'prefill',
      shape: { tokens, threads },
      ours: tokens / threads / 1e3,
    })),
  );
  const svg: string = plot(rows, 'prefill');
  for (const text of ['prompt length (tokens)', 'prefill (ms)', '>64<', '>128<', '>1 thread<', '>2 threads<'])
    expect(svg).toContain(text);
});
