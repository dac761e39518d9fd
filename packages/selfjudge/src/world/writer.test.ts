import { Random } from '@selfjudge/base';
import { describe, expect, it } from 'vitest';
import { CATEGORY_OF, PRINCIPLES, SLOTS, type Slot } from './facts.js';
import { readAnswer } from './answer.js';
import { gold } from './gold.js';
import { allPrompts } from './prompts.js';
import { CORPUS_WRITERS, writeAnswer, type Writers } from './writer.js';

const prompts = allPrompts();
const CARELESS: Writers = { care: 'careless', careBy: 'principle', modal: 'right' };

function written(writers: Writers, count = 20_000, seed = 1) {
  const random = new Random(seed);
  return Array.from({ length: count }, () => {
    const prompt = random.choice(prompts);
    const text = writeAnswer(prompt, writers, random);
    return { prompt, text, gold: gold(prompt, text) };
  });
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const covariance = (a: readonly number[], b: readonly number[]) =>
  mean(a.map((x, i) => x * b[i])) - mean(a) * mean(b);
const worth = (of: ReturnType<typeof written>, slot: Slot) =>
  mean(of.flatMap(({ gold }) => gold.slots.get(slot) ?? []));

describe('writers', () => {
  it('are fallible in each slot, the careless more', () => {
    const [mixed, careless] = [CORPUS_WRITERS, CARELESS].map((writers) => written(writers));
    for (const slot of SLOTS) {
      expect(worth(mixed, slot)).toBeGreaterThan(worth(careless, slot) + 0.05);
      expect(worth(careless, slot)).toBeGreaterThan(0.25);
      expect(worth(mixed, slot)).toBeLessThan(0.85);
    }
    const perfect = (of: ReturnType<typeof written>) => mean(of.map(({ gold }) => Number(gold.score === 1)));
    expect(perfect(careless)).toBeLessThan(0.05);
    expect(perfect(mixed)).toBeGreaterThan(0.08);
  });

  it('make faults that are as often too long as too short', () => {
    for (const writers of [CORPUS_WRITERS, CARELESS]) {
      const of = written(writers);
      const longer = of.flatMap(({ prompt, text, gold: { score } }, i) => {
        const other = writeAnswer(prompt, writers, new Random(i, 7));
        const ahead = score - gold(prompt, other).score;
        const length = text.split(' ').length - other.split(' ').length;
        return ahead === 0 || length === 0 ? [] : [Number(ahead > 0 === length > 0)];
      });
      expect(Math.abs(mean(longer) - 0.5)).toBeLessThan(0.06);
    }
  });

  it('share their faults among principles where their care is of the whole answer', () => {
    const together = (careBy: Writers['careBy']) => {
      const of = written({ ...CARELESS, care: 'mixed', careBy });
      const [a, b] = [PRINCIPLES[0], PRINCIPLES[1]].map((p) => of.map(({ gold }) => gold.principles[p]));
      return covariance(a, b);
    };
    expect(together('answer')).toBeGreaterThan(together('principle') + 0.01);
  });

  it('believe the same wrong thing where the modal answer is wrong', () => {
    const commonest = (modal: Writers['modal']) => {
      const counts = new Map<string, number>();
      for (const { prompt, text } of written({ ...CARELESS, modal }))
        if (prompt.category === 'fruits')
          for (const { word } of readAnswer(text)?.items ?? []) counts.set(word, (counts.get(word) ?? 0) + 1);
      return [...counts].sort((a, b) => b[1] - a[1])[0][0];
    };
    expect(CATEGORY_OF.get(commonest('right'))).toBe('fruits');
    expect(commonest('wrong')).toBe('carrot');
  });

  it('write the same with the same seed', () => {
    expect(written(CARELESS, 200, 6)).toEqual(written(CARELESS, 200, 6));
  });
});
