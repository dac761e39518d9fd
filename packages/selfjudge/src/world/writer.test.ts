import { Random } from '@selfjudge/base';
import { describe, expect, it } from 'vitest';
import { CATEGORIES, COLOUR, POPULAR_WRONG_COLOUR } from './facts.js';
import { gold } from './gold.js';
import { allPrompts, type WorldPrompt } from './prompts.js';
import { writeAnswer } from './writer.js';

/** Mean of the three writers' carelessness. */
const CARE = (0.35 + 1 + 1.6) / 3;
/** Of an error whose rate times carelessness is cut at 0.9. */
const meanRate = (rate: number) =>
  [0.35, 1, 1.6].reduce((sum, care) => sum + Math.min(0.9, rate * care), 0) / 3;

/** 40,000 answers to prompts of one kind. */
function written(chosen: (prompt: WorldPrompt) => boolean, seed: number) {
  const prompts = allPrompts().filter(chosen);
  const random = new Random(seed);
  return Array.from({ length: 40_000 }, () => {
    const prompt = random.choice(prompts);
    return { prompt, answer: writeAnswer(prompt, random) };
  });
}

const share = <T>(items: readonly T[], holds: (item: T) => boolean) =>
  items.filter(holds).length / items.length;
/** Standard errors here are below 0.004; what garbling hides is below 5% of a rate. */
const near = (rate: number) => expect.closeTo(rate, 1.5);

describe('writers', () => {
  const itemsOf = (answer: string) => answer.match(/[a-z]+/g) ?? [];
  const wellFormed = (answer: string) => /^(Sure: )?([a-z]+(, [a-z]+)*\.|- [a-z]+( - [a-z]+)*)$/.test(answer);

  it('err in lists at the rates of the world', () => {
    const lists = written(({ family, style }) => family === 'list' && style === 'plain', 1);
    expect(share(lists, ({ answer }) => answer === 'I do not know.')).toEqual(near(0.05 * CARE));
    const formed = lists.filter(({ answer }) => wellFormed(answer));
    const wrong = formed.flatMap(({ prompt, answer }) => {
      const { members, misconceptions } = CATEGORIES[(prompt as { category: string }).category];
      return itemsOf(answer).map((item) => ({
        wrong: !members.includes(item),
        popular: misconceptions.includes(item),
      }));
    });
    expect(share(wrong, (item) => item.wrong)).toEqual(near(0.22 * CARE));
    // 60% of what is wrong is a popular misconception, besides those among the strangers drawn at random.
    const ofWrong = share(
      wrong.filter((item) => item.wrong),
      (item) => item.popular,
    );
    expect(ofWrong).toBeGreaterThan(0.6);
    expect(ofWrong).toBeLessThan(0.68);
    const miscounted = share(
      formed,
      ({ prompt, answer }) => itemsOf(answer).length !== (prompt as { count: number }).count,
    );
    // Careless typing changes a few counts more.
    expect(miscounted).toEqual(near(0.25 * CARE + 0.012));
    expect(share(formed, ({ answer }) => answer.startsWith('-'))).toEqual(near(0.05));
  });

  it('miss the style that was asked for and use one that was not', () => {
    const polite = written(({ style, family }) => style === 'polite' && family === 'list', 2);
    expect(share(polite, ({ answer }) => !answer.includes('Sure'))).toEqual(near(meanRate(0.5)));
    const bullets = written(({ style }) => style === 'bullets', 3).filter(({ answer }) => wellFormed(answer));
    expect(share(bullets, ({ answer }) => !/^(Sure: )?- /.test(answer))).toEqual(near(meanRate(0.5)));
    expect(share(bullets, ({ answer }) => answer.startsWith('Sure:'))).toEqual(near(0.05));
  });

  it('get facts wrong, popular errors more often', () => {
    const facts = written(({ family, style }) => family === 'fact' && style === 'plain', 4);
    const popular = facts.filter(({ prompt }) => (prompt as { item: string }).item in POPULAR_WRONG_COLOUR);
    const said = popular.filter(({ answer }) => /^(Sure: )?(an? \w+ is )?\w+\.$/.test(answer));
    const asFolkSay = ({ prompt, answer }: (typeof said)[number]) => {
      const { item } = prompt as { item: string };
      return answer.endsWith(`${POPULAR_WRONG_COLOUR[item]}.`);
    };
    // Another colour may be the popular one by chance; another food has an answer of its own.
    expect(share(said, asFolkSay)).toEqual(near(meanRate(0.6) * (1 - 0.08 * CARE) + 0.01));
    const bare = share(facts, ({ answer }) => /^(Sure: )?\w+\.$/.test(answer));
    expect(bare).toEqual(near(meanRate(0.4) * (1 - 0.05 * CARE) * (1 - 0.04 * CARE)));
    expect([...COLOUR.keys()]).toHaveLength(17);
  });

  it('make up what nobody can know', () => {
    const unknown = written(({ family, style }) => family === 'unknown' && style === 'plain', 5);
    const invented = share(unknown, ({ answer }) => /^(Sure: )?your \w+ is \w+\.$/.test(answer));
    expect(invented).toEqual(near(meanRate(0.65) * (1 - 0.05 * CARE)));
    const scores = unknown.map(({ prompt, answer }) => gold(prompt, answer).score);
    expect(new Set(scores).size).toBeGreaterThan(3);
  });

  it('write the same with the same seed', () => {
    const once = written(() => true, 6).slice(0, 200);
    expect(written(() => true, 6).slice(0, 200)).toEqual(once);
  });
});
