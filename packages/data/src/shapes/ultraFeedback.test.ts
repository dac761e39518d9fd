import { expect, it } from 'vitest';

import { assistant, rated, user } from '../testing/shapes.js';
import {
  ultraFeedback,
  ultraFeedbackBestWorst,
  ultraFeedbackDemonstrations,
  ultraFeedbackPrinciples,
} from './ultraFeedback.js';

const WHY = 'It is so.';
/** Means 4, 3.5, 3.5 and 2; of the two in the middle the second is the longer one. */
const FOUR = {
  id: 'uf-1',
  instruction: 'q',
  completions: [
    rated('brief', { helpfulness: '4', honesty: '3', truthfulness: 'N/A' }, WHY),
    rated('best', { helpfulness: '5', honesty: '3', truthfulness: '4' }, 'Good.'),
    rated('longer', { helpfulness: '3', honesty: '4', truthfulness: '3.5' }, 'Honest.'),
    { ...rated('worst', { helpfulness: '2' }, 'As Text 1 is.'), custom_system_prompt: '' },
  ],
};
const said = (read: { value?: unknown }) => JSON.parse(JSON.stringify(read.value)) as unknown;

it('best against a lower one: unequal principles have labels, and rationales where both have one', () => {
  const { chosen, rejected, labels, rationales } = said(ultraFeedback.read(FOUR)) as Record<string, unknown>;
  const expected = {
    brief: {
      labels: { helpfulness: 'chosen' },
      rationales: { helpfulness: { chosen: 'Good.', rejected: WHY } },
    },
    longer: {
      labels: { helpfulness: 'chosen', honesty: 'rejected', truthfulness: 'chosen' },
      rationales: Object.fromEntries(
        ['helpfulness', 'honesty', 'truthfulness'].map((name) => [
          name,
          { chosen: 'Good.', rejected: 'Honest.' },
        ]),
      ),
    },
    worst: { labels: { helpfulness: 'chosen' } },
  };
  expect(chosen).toBe('best');
  expect({ labels, ...(rationales !== undefined && { rationales }) }).toEqual(
    expected[rejected as keyof typeof expected],
  );
});

it('a pair of its own for each principle, won by that principle', () => {
  const rows = said(ultraFeedbackPrinciples.read(FOUR)) as Record<string, unknown>[];
  const pair = { id: 'uf-1', prompt: [user('q')] };
  // Helpfulness: the best may meet brief or longer, worst speaks of a text. Honesty: best and brief are equal, so it meets longer and
  // loses. Truthfulness: brief has none.
  const { rejected } = rows[0] as { rejected: 'brief' | 'longer' };
  expect(rows).toEqual([
    {
      ...pair,
      chosen: 'best',
      rejected,
      labels: { helpfulness: 'chosen' },
      rationales: { helpfulness: { chosen: 'Good.', rejected: { brief: WHY, longer: 'Honest.' }[rejected] } },
    },
    {
      ...pair,
      chosen: 'longer',
      rejected: 'best',
      labels: { honesty: 'chosen' },
      rationales: { honesty: { chosen: 'Honest.', rejected: 'Good.' } },
    },
    {
      ...pair,
      chosen: 'best',
      rejected: 'longer',
      labels: { truthfulness: 'chosen' },
      rationales: { truthfulness: { chosen: 'Good.', rejected: 'Honest.' } },
    },
  ]);
  expect(['brief', 'longer']).toContain(rejected);
});

it('the draw is by principle and instruction, and reaches every partner', () => {
  const met = new Set<unknown>();
  for (let i = 0; i < 40; i++) {
    const row = { ...FOUR, instruction: `q${i}` };
    const first = said(ultraFeedbackPrinciples.read(row)) as { rejected: string }[];
    expect(said(ultraFeedbackPrinciples.read(row))).toEqual(first);
    met.add(first[0].rejected);
  }
  expect(met).toEqual(new Set(['brief', 'longer']));
});

it('a principle without two that may meet has no row, and a row without such a principle is left out', () => {
  const one = (rating: string, why: string) => rated(`a${rating}`, { honesty: rating }, why);
  const of = (...completions: unknown[]) => ultraFeedbackPrinciples.read({ instruction: 'q', completions });
  const none = { problem: { code: 'no-verdict', reason: 'no principle has two answers that may meet' } };
  expect(of(one('3', WHY), one('3', WHY))).toEqual(none);
  expect(of(one('3', WHY), one('4', 'Text 2 is better.'))).toEqual(none);
  expect(of(one('3', WHY), rated('b', { honesty: '4' }))).toEqual(none);
  // The first of the ranking cannot meet anyone: the next one does.
  const rows = said(of(one('5', 'See Text 1.'), one('4', WHY), one('2', WHY)));
  expect(rows).toMatchObject([{ chosen: 'a4', rejected: 'a2' }]);
});

it('best against worst, of equally bad ones the shorter in characters', () => {
  const answers = [
    rated('good', { a: '5' }),
    rated('\u{1f600}\u{1f600}', { a: '1' }),
    rated('bad', { a: '1' }),
  ];
  const read = (completions: unknown[]) =>
    said(ultraFeedbackBestWorst.read({ instruction: 'q', completions }));
  expect(said(ultraFeedbackBestWorst.read(FOUR))).toEqual({
    id: 'uf-1',
    prompt: [user('q')],
    chosen: 'best',
    rejected: 'worst',
  });
  expect(read(answers)).toMatchObject({ chosen: 'good', rejected: '\u{1f600}\u{1f600}' });
  expect(ultraFeedbackBestWorst.read({ instruction: 'q', completions: answers.slice(1) }).problem?.code).toBe(
    'no-verdict',
  );
});

it('the best answer is an example after its own system prompt, where it has one', () => {
  const system = { role: 'system', content: 'Be helpful.' };
  expect(said(ultraFeedbackDemonstrations.read(FOUR))).toEqual({
    id: 'uf-1',
    messages: [system, user('q'), assistant('best')],
  });
  const alone = { instruction: 'q', completions: [FOUR.completions[3]] };
  expect(said(ultraFeedbackDemonstrations.read(alone))).toEqual({
    messages: [user('q'), assistant('worst')],
  });
});

it.each([ultraFeedbackPrinciples, ultraFeedbackBestWorst, ultraFeedbackDemonstrations])(
  'leaves out rows that are none',
  ({ read }) => {
    for (const row of [
      { ...FOUR, instruction: 7 },
      { ...FOUR, completions: 'x' },
      { ...FOUR, completions: [{ response: 'x' }] },
      { ...FOUR, completions: [] },
      { ...FOUR, completions: [rated('x', { a: 'N/A' })] },
    ])
      expect(read(row).problem?.code).toMatch(/unknown-shape|no-verdict/);
  },
);
