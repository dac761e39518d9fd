import { expect, it } from 'vitest';

import type { Said } from '../said.js';
import { asked, preferred } from '../testing/said.js';
import { Claims } from './claims.js';

/** What is found of rows that come one after the other, by their numbers. */
function found(...rows: Said[]) {
  const claims = new Claims<number>();
  return rows.map((row, i) => claims.add(row, i));
}

it('tells rows that say the same, in whatever case, white space and form of characters', () => {
  expect(
    found(
      preferred('q', 'Yes  it is', 'no'),
      preferred('Q ', 'yes it\nis', 'NO'),
      preferred('q', 'yes', 'no'),
    ),
  ).toEqual([{}, { repeats: 0 }, {}]);
  expect(found(asked('ﬁne'), asked('FINE'))).toEqual([{}, { repeats: 0 }]);
});

it('tells rows that contradict the first of the same answers', () => {
  const rows = [
    ['a', 'b'],
    ['b', 'a'],
    ['a', 'b'],
    ['b', 'a'],
  ].map(([c, r]) => preferred('q', c, r));
  expect(found(...rows)).toEqual([{}, { contradicts: 0 }, { repeats: 0 }, { repeats: 1, contradicts: 0 }]);
});

it('a tie contradicts nothing, and a label does', () => {
  const judged = (label: string): Said => ({ ...preferred('q', 'a', 'b'), kind: 'judgments', label });
  expect(found(judged('tie'), judged('a'), judged('tie'))).toEqual([{}, {}, { repeats: 0 }]);
  const labelled = (label: string): Said => ({
    kind: 'labelled',
    prompt: 'q',
    answers: [{ name: 'answer', text: 'a' }],
    label,
  });
  expect(found(labelled('true'), labelled('false'))).toEqual([{}, { contradicts: 0 }]);
});

it('rows on different principles, or with other rationales, are different rows', () => {
  const about = (labels: Said['labels'], chosen = 'a', rejected = 'b') =>
    preferred('q', chosen, rejected, { labels });
  expect(found(about({ honesty: 'chosen' }), about({ help: 'chosen' }, 'b', 'a'))).toEqual([{}, {}]);
  expect(found(about({ honesty: 'chosen' }), about({ honesty: 'chosen' }, 'b', 'a'))).toEqual([
    {},
    { contradicts: 0 },
  ]);
  expect(found(about({ honesty: 'chosen' }), about({ honesty: 'rejected' }))).toEqual([
    {},
    { contradicts: 0 },
  ]);
  const why = (rationale: string) => preferred('q', 'a', 'b', { rationales: { overall: rationale } });
  expect(found(why('x'), why('y'), why('x'))).toEqual([{}, {}, { repeats: 0 }]);
});

it('a text as it stands, a turn, and what the template is told are different prompts', () => {
  const turn = [{ role: 'user' as const, content: 'q' }];
  const told = { messages: turn, templateArguments: { enable_thinking: false } };
  expect(found(asked({ text: 'q' }), asked(turn), asked(told), asked(turn))).toEqual([
    {},
    {},
    {},
    { repeats: 1 },
  ]);
});
