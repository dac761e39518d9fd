// What benches make of their turns, and the plots of it.
import { expect, it } from 'vitest';
import { result } from '../benchmarks/compare.mjs';
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
  });
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
