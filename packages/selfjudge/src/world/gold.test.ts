import { describe, expect, it } from 'vitest';
import type { Principle, Slot } from './facts.js';
import { gold } from './gold.js';
import { allPrompts, promptsByText, type WorldPrompt } from './prompts.js';

const prompts = promptsByText();
const named = (text: string): WorldPrompt => {
  const prompt = prompts.get(text);
  if (prompt === undefined) throw new Error(`no such prompt: ${text}`);
  return prompt;
};

const SORTED = 'List three fruits in alphabetical order.';
const BACK = 'Name two tools in reverse order, none starting with d. Be polite.';
const COUNTED = 'Give me two sea animals, with their letters and the total. Use bullets.';
const ALL =
  'List three drinks in alphabetical order, none starting with c, with their letters and the total. Be polite.';

describe('gold', () => {
  it.each<[string, string, Partial<Record<Slot, number>>]>([
    // What is not named is worth 1.
    [SORTED, 'apple, kiwi, plum.', {}],
    [SORTED, 'apple, plum, kiwi.', { order: 0 }],
    [SORTED, 'apple, kiwi.', { count: 0 }],
    [SORTED, 'apple, grape, kiwi, plum.', { count: 0 }],
    [SORTED, 'apple, apple, kiwi.', { repeats: 0 }],
    [SORTED, 'apple, carrot, kiwi.', { items: 0.5 }],
    [SORTED, 'carrot, cow, kiwi.', { items: 0 }],
    [SORTED, '- apple - kiwi - plum', { form: 0 }],
    [SORTED, 'Sure: apple, kiwi, plum.', { form: 0 }],
    [SORTED, 'apple 5, kiwi 4, plum 4. Total 13.', { form: 0 }],
    [BACK, 'Sure: wrench, axe.', {}],
    [BACK, 'Sure: axe, wrench.', { order: 0 }],
    [BACK, 'Sure: wrench, drill.', { letter: 0 }],
    [BACK, 'wrench, axe.', { form: 0 }],
    [COUNTED, '- cod 3 - crab 4 Total 7.', {}],
    [COUNTED, '- cod 3 - crab 5 Total 8.', { numbers: 0.5 }],
    [COUNTED, '- cod 4 - crab 5 Total 9.', { numbers: 0 }],
    [COUNTED, '- cod 3 - crab 4 Total 8.', { total: 0 }],
    [COUNTED, '- cod 3 - crab 4', { total: 0 }],
    [COUNTED, '- cod - crab 4 Total 4.', { numbers: 0.5, total: 0 }],
    [COUNTED, 'cod, crab.', { numbers: 0, total: 0, form: 0 }],
    [ALL, 'Sure: beer 4, juice 5, tea 3. Total 12.', {}],
    [
      ALL,
      'coffee 6, lemon 4, coffee 6, milk 4. Total 19.',
      { count: 0, items: 0.5, repeats: 0, form: 0, order: 0, letter: 0, numbers: 0.5, total: 0 },
    ],
  ])('%s -> %s', (text, answer, faults) => {
    const { slots, score } = gold(named(text), answer);
    expect(Object.fromEntries(slots)).toEqual({
      ...Object.fromEntries([...slots.keys()].map((slot) => [slot, 1])),
      ...faults,
    });
    const worth = [...slots.values()];
    expect(score).toBeCloseTo(worth.reduce((a, b) => a + b, 0) / worth.length, 12);
  });

  it.each([
    '',
    'apple kiwi plum.',
    'apple, kiwi, plum',
    'Apple, kiwi, plum.',
    'Sure: - apple, kiwi.',
    'Total 3.',
  ])('gives nothing for what has not the shape of an answer: %j', (answer) => {
    expect(gold(named(SORTED), answer)).toMatchObject({ score: 0, reasons: { care: 'it makes no sense.' } });
  });

  it('scores what is asked for and nothing else: five to eight slots', () => {
    const slots = (text: string) => [...gold(named(text), '').slots.keys()];
    expect(slots(SORTED)).toEqual(['count', 'items', 'repeats', 'form', 'order']);
    expect(slots(ALL)).toHaveLength(8);
    const sizes = allPrompts().map((prompt) => gold(prompt, '').slots.size);
    expect([Math.min(...sizes), Math.max(...sizes)]).toEqual([5, 8]);
  });

  it('has principles as means of slots, with the first fault as reason and what a look finds in a word', () => {
    const { principles, reasons, found } = gold(named(ALL), 'coffee 6, lemon 4, coffee 6. Total 16.');
    expect(principles).toEqual<Record<Principle, number>>({
      'instruction following': 1 / 3,
      truthfulness: 0.5,
      care: 0.5,
      form: 0,
    });
    expect(reasons).toEqual({
      'instruction following': 'the order is wrong.',
      truthfulness: 'lemon is wrong.',
      care: 'coffee is there twice.',
      form: 'it is not polite.',
    });
    expect(Object.fromEntries(found)).toEqual({
      count: 'three',
      items: 'lemon',
      repeats: 'coffee',
      form: 'plain',
      order: 'coffee',
      letter: 'coffee',
      numbers: 'lemon',
      total: '16',
    });
  });
});
