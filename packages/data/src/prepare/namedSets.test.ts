import { Random } from '@selfjudge/base';
import { expect, it } from 'vitest';

import { asked, preferred } from '../testing/said.js';
import { NamedSets } from './namedSets.js';

const of = { file: 'test.jsonl', line: 3 };
function sets(n: number, ...rows: Parameters<NamedSets['add']>[0][]) {
  const all = new NamedSets(n);
  for (const row of rows) all.add(row, of);
  return all;
}

it('finds n words in a row, in prompts and answers, whatever stands between the words', () => {
  const one = sets(4, preferred('Name the capital of France, please', 'It is Paris, on the Seine.', 'no'));
  expect(one.find(asked('... the CAPITAL of\nFrance?'))).toEqual({ of, words: 'the capital of france' });
  expect(one.find(asked('Name the capital of Spain'))).toEqual({ of, words: 'name the capital of' });
  expect(one.find(asked('the capital for France, please'))).toBeUndefined();
  expect(one.find(preferred('q', 'x', 'So is paris on the Seine'))).toEqual({ of, words: 'is paris on the' });
  // Not over the end of a text.
  expect(
    one.find(
      asked([
        { role: 'user', content: 'Name the capital' },
        { role: 'assistant', content: 'of France please' },
        { role: 'user', content: 'Yes' },
      ]),
    ),
  ).toBeUndefined();
});

it('a shorter prompt leaks as a whole, and a shorter answer or turn does not', () => {
  const one = sets(6, preferred('Who are you?', 'thanks', 'no'));
  expect(one.find(asked('who are YOU'))).toEqual({ of, words: 'who are you' });
  expect(one.find(asked('thanks'))).toBeUndefined();
  expect(one.find(preferred('q', 'Who are you?', 'thanks'))).toBeUndefined();
  const later = [
    { role: 'user' as const, content: 'Hello there' },
    { role: 'assistant' as const, content: 'Hi' },
    { role: 'user' as const, content: 'Who are you?' },
  ];
  expect(one.find(asked(later))).toBeUndefined();
});

it('system messages are of no account', () => {
  const told = (content: string) => [
    { role: 'system' as const, content: 'You are a helpful and honest assistant' },
    { role: 'user' as const, content },
  ];
  const one = sets(4, asked(told('one two three four five')));
  expect(one.find(asked(told('six seven eight nine ten')))).toBeUndefined();
  expect(one.find(asked(told('two three four five')))).toMatchObject({ words: 'two three four five' });
});

it('agrees with a search of every n words', () => {
  const random = new Random(7);
  const text = (length: number) => Array.from({ length }, () => 'abcd'[random.below(4)]).join(' ');
  for (let round = 0; round < 300; round++) {
    const n = 2 + random.below(6);
    const [held, row] = [text(n + random.below(30)), text(n + random.below(30))];
    const [mine, theirs] = [row.split(' '), ` ${held} `];
    const at = mine.findIndex(
      (_, i) => i + n <= mine.length && theirs.includes(` ${mine.slice(i, i + n).join(' ')} `),
    );
    const words = at < 0 ? undefined : mine.slice(at, at + n).join(' ');
    expect(sets(n, asked(held)).find(asked(row))?.words).toBe(words);
  }
});
