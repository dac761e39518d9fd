import { expect, it } from 'vitest';
import type { Prepared } from '@selfjudge/training';
import { inSlices } from './examples.js';

const rows = Array.from({ length: 1000 }, (_, i) => i);
const prepare = (of: readonly number[]): Prepared<number> => ({
  examples: of.filter((row) => row % 2 === 0),
  dropped: of
    .filter((row) => row % 2 === 1)
    .map((row) => ({ id: `${row}`, problem: { code: 'too-long', reason: 'it is long' } })),
  cut: of.length,
});

it('rows prepared some at a time are those prepared at once', async () => {
  expect(await inSlices(rows, prepare, undefined)).toEqual(prepare(rows));
  expect(await inSlices([], prepare, undefined)).toEqual(prepare([]));
});

it('a signal is heard before all are prepared', async () => {
  const stop = new AbortController();
  let seen = 0;
  setTimeout(() => stop.abort(new Error('stopped')), 0);
  const slowly = (of: readonly number[]) => {
    for (const until = performance.now() + 5; performance.now() < until;);
    seen += of.length;
    return prepare(of);
  };
  await expect(inSlices(rows, slowly, stop.signal)).rejects.toThrow('stopped');
  expect(seen).toBeLessThan(rows.length);
});
