import { verdictOf, voteOf, type TokenEvidence, type Verdict } from '@selfjudge/judging';
import { calibratedVerdict } from '@selfjudge/judging/internal';
import { describe, expect, it } from 'vitest';
import { rationaleNote, verdictColumns, verdictOfRow, verdictRow } from './verdictRow.js';

const read = (verdict: Verdict): Verdict =>
  verdictOfRow(JSON.parse(JSON.stringify(verdictRow(verdict))) as Record<string, unknown>);

function asked(...questions: [pA: number, pB: number][][]): Verdict {
  const orders = questions.map(
    (both) => both.map(([pA, pB], i) => ({ rendered: `order ${i}`, pA, pB })) as TokenEvidence['orders'],
  );
  const names = questions.length > 1 ? questions.map((_, i) => `q${i}`) : ['overall'];
  return verdictOf(
    orders[0],
    orders.map(([ab, ba], i) => voteOf(names[i], ab, ba)),
  );
}

describe('a verdict is read as it was written', () => {
  it.each([
    [
      'one question',
      asked([
        [0.1 + 0.2, 1 / 3],
        [2 / 7, 5e-324],
      ]),
    ],
    [
      'several questions',
      asked(
        [
          [0.7, 0.1],
          [0.2, 0.6],
        ],
        [
          [1 / 3, 0.5],
          [0.9, 1e-9],
        ],
        [
          [0, 1],
          [1, 0],
        ],
      ),
    ],
    [
      'too little mass',
      asked([
        [1e-5, 1e-5],
        [0.2, 0.6],
      ]),
    ],
    ['a reward', { winner: 'b', scoreA: -1 / 3, scoreB: 0.1, probability: 0.3 }],
  ] satisfies [string, Verdict][])('%s', (_, verdict) => {
    expect(read(verdict)).toEqual(verdict);
    // Without the texts it is the same verdict.
    const bare = verdictOfRow(verdictColumns(verdictRow(verdict) as Record<string, unknown>));
    expect(JSON.stringify(bare)).toBe(JSON.stringify(verdict).replaceAll(/"order \d"/g, '""'));
  });

  it('calibrated', () => {
    const told = calibratedVerdict(
      asked([
        [0.9, 0.05],
        [0.8, 0.1],
      ]),
      { temperature: 2, tieThreshold: 0.1 },
      [7, 9],
    );
    expect(told).toMatchObject({ winner: 'tie', probability: expect.closeTo(0.551, 3) });
    // A row says its winner and probability, and not what they are of.
    expect({ ...read(told), isCalibrated: true }).toEqual(told);
  });

  it('figures that are none', () => {
    const verdict = asked([
      [NaN, NaN],
      [0.2, 0.6],
    ]);
    expect(read(verdict)).toEqual(verdict);
    expect(verdict).toMatchObject({ winner: null, reason: 'not-finite' });
  });

  it('a row that was not judged', () => {
    const row = { winner: null, probability: null, orders: [], error: 'the answer is empty' };
    expect(verdictOfRow(row)).toEqual({ winner: null, scoreA: NaN, scoreB: NaN, probability: NaN });
  });
});

it('shows reasons beside what they are of, and says which are not whole', () => {
  const [one, several] = [
    asked([
      [0.7, 0.1],
      [0.2, 0.6],
    ]),
    asked(
      [
        [0.7, 0.1],
        [0.2, 0.6],
      ],
      [
        [1, 0],
        [1, 0],
      ],
    ),
  ];
  const rows = [
    verdictRow(one, [{ text: 'Says it.', order: 'ab', finish: 'eos' }]),
    verdictRow(several, [{ text: 'Says', order: 'ba', finish: 'length' }, undefined]),
    verdictRow(one, [{ text: null, order: 'ab', finish: 'no-room' }]),
  ] as Record<string, any>[];
  expect(rows[0]).toMatchObject({ rationale: 'Says it.', rationale_order: 'ab', rationale_finish: 'eos' });
  expect(rows[1].votes[0]).toMatchObject({
    rationale: 'Says',
    rationale_order: 'ba',
    rationale_finish: 'length',
  });
  expect(rows[1].votes[1]).not.toHaveProperty('rationale');
  expect(rows[1]).not.toHaveProperty('rationale');
  expect(verdictOfRow(rows[1])).toEqual(several);
  expect(rationaleNote(rows)).toBe(
    "of 3 rationales 1 cut at max_new_tokens, 1 left out, as question and max_new_tokens exceed the model's context",
  );
  expect(rationaleNote(rows.slice(0, 1))).toBeUndefined();
});
