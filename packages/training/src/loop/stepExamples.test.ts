import { describe, expect, it } from 'vitest';
import { DataOrder } from './dataOrder.js';
import { stepExamples, type ExampleStream, type Prepared } from './stepExamples.js';

const ROWS = 10;
const order = new DataOrder({ length: ROWS, batchSize: 4, epochs: 2, maxSteps: 0, seed: 3 });

/** Rows are their own examples, but for some. */
function streamOf(isOfUse: (row: number) => boolean) {
  const used: number[] = [];
  const stream: ExampleStream<number> = {
    length: ROWS,
    longest: 0,
    make: async (row): Promise<Prepared<number>> =>
      isOfUse(row)
        ? { examples: [row], dropped: [], cut: row === 1 ? 1 : 0 }
        : {
            examples: [],
            dropped: [{ id: `row ${row}`, problem: { code: 'prompt-too-long', reason: 'it is long' } }],
            cut: 0,
          },
    onUsed: ({ dropped }) => void used.push(dropped.length),
  };
  return { stream, used };
}
const steps = Array.from({ length: order.totalSteps }, (_, i) => i + 1);
const batches = async (of: ReturnType<typeof stepExamples<number>>, which = steps) => {
  const all: number[][] = [];
  for (const step of which) all.push(await of.during(step, async (batch) => batch));
  return all;
};

describe('a stream of examples', () => {
  it('gives the steps what they have where all examples are known', async () => {
    const known = await batches(
      stepExamples(
        Array.from({ length: ROWS }, (_, i) => i),
        order,
      ),
    );
    expect(known.flat()).toHaveLength(2 * ROWS);
    expect(await batches(stepExamples(streamOf(() => true).stream, order))).toEqual(known);
  });

  it('replaces a row that is left out by the next, and tells of it with its step', async () => {
    const { stream, used } = streamOf((row) => row % 3 > 0);
    const all = (await batches(stepExamples(stream, order))).flat();
    const inOrder = Array.from({ length: 5 * ROWS }, (_, i) => order.row(i)).filter((row) => row % 3 > 0);
    expect(all).toEqual(inOrder.slice(0, 2 * ROWS));
    const places = Array.from({ length: 5 * ROWS }, (_, i) => i);
    const last = places.findIndex(
      (i) => places.slice(0, i + 1).filter((at) => order.row(at) % 3 > 0).length === 2 * ROWS,
    );
    expect(used.reduce((a, b) => a + b)).toBe(last + 1 - 2 * ROWS);
  });

  it('goes on after a step as it was, and a step that failed took nothing', async () => {
    const isOfUse = (row: number) => row % 4 > 0;
    const whole = await batches(stepExamples(streamOf(isOfUse).stream, order));
    const cut = stepExamples(streamOf(isOfUse).stream, order);
    await batches(cut, [1, 2]);
    await expect(
      cut.during(3, async () => {
        throw new Error('stopped');
      }),
    ).rejects.toThrow('stopped');
    const state = await cut.kept.state!();
    expect(await batches(cut, [3])).toEqual([whole[2]]);
    const other = stepExamples(streamOf(isOfUse).stream, order);
    other.kept.restore!(JSON.parse(JSON.stringify(state)) as typeof state);
    expect(await batches(other, [3, 4, 5])).toEqual(whole.slice(2));
    expect(() => other.kept.restore!({ values: { place: 3 } })).toThrow(/state: expected the number of rows/);
  });

  it('ends where no row can be used', async () => {
    await expect(batches(stepExamples(streamOf(() => false).stream, order))).rejects.toThrow(
      /dataset_name: expected at least one row that can be used, received none of 10; row \d: it is long/,
    );
  });
});
