import { Random } from '@selfjudge/base';
import { CATEGORIES, COLOUR, COUNTS, MY_PEOPLE, MY_THINGS, withArticle } from './facts.js';

export type Style = 'plain' | 'polite' | 'bullets';

/** One instruction of the small world. `key` is the combination that is held out as a whole. */
export type WorldPrompt = { text: string; key: string; style: Style } & (
  | { family: 'list'; category: string; count: number }
  | { family: 'fact'; item: string }
  | { family: 'unknown'; item: string; asks: 'colour' | 'name' }
);

const STYLE_TEXT: Record<Style, string> = { plain: '', polite: ' Be polite.', bullets: ' Use bullets.' };
const LIST_VERBS = ['List', 'Name', 'Give me'];
const COLOUR_PHRASES = ['What colour is {}?', 'Tell me the colour of {}.', 'Which colour does {} have?'];
const NAME_PHRASES = ['What is the name of {}?', 'Tell me the name of {}.'];

function lists(): WorldPrompt[] {
  const out: WorldPrompt[] = [];
  for (const category of Object.keys(CATEGORIES))
    for (const [word, count] of Object.entries(COUNTS))
      for (const style of ['plain', 'polite', 'bullets'] as const)
        for (const verb of LIST_VERBS)
          out.push({
            family: 'list',
            category,
            count,
            style,
            key: `${category}|${word}|${style}`,
            text: `${verb} ${word} ${category}.${STYLE_TEXT[style]}`,
          });
  return out;
}

function questions(): WorldPrompt[] {
  const out: WorldPrompt[] = [];
  const ask = (phrases: string[], subject: string, key: string, rest: (style: Style) => object) => {
    for (const style of ['plain', 'polite'] as const)
      phrases.forEach((phrase, i) =>
        out.push({
          ...rest(style),
          style,
          key: `${key}|${style}|${i}`,
          text: phrase.replace('{}', subject) + STYLE_TEXT[style],
        } as WorldPrompt),
      );
  };
  for (const item of COLOUR.keys())
    ask(COLOUR_PHRASES, withArticle(item), item, () => ({ family: 'fact', item }));
  for (const item of MY_THINGS)
    ask(COLOUR_PHRASES, `my ${item}`, `my ${item}`, () => ({ family: 'unknown', item, asks: 'colour' }));
  for (const item of MY_PEOPLE)
    ask(NAME_PHRASES, `my ${item}`, `my ${item}`, () => ({ family: 'unknown', item, asks: 'name' }));
  return out;
}

/** Every instruction there is. */
export const allPrompts = (): WorldPrompt[] => [...lists(), ...questions()];

export interface WorldSplits {
  train: WorldPrompt[];
  dev: WorldPrompt[];
  test: WorldPrompt[];
}

/** 25% of the combinations for test, 15% for dev (every choice is made there), the rest for training. */
export function splitPrompts(seed: number): WorldSplits {
  const prompts = allPrompts();
  const keys = new Random(seed, 101).shuffled([...new Set(prompts.map((p) => p.key))].sort());
  const test = new Set(keys.slice(0, Math.floor(keys.length / 4)));
  const dev = new Set(keys.slice(Math.floor(keys.length / 4), Math.floor((keys.length * 2) / 5)));
  return {
    train: prompts.filter((p) => !test.has(p.key) && !dev.has(p.key)),
    dev: prompts.filter((p) => dev.has(p.key)),
    test: prompts.filter((p) => test.has(p.key)),
  };
}

/** Draws prompts with lists, facts and unknowns in proportion 6 : 2 : 2. */
export function drawPrompts(prompts: readonly WorldPrompt[], random: Random, count: number): WorldPrompt[] {
  const families = (['list', 'fact', 'unknown'] as const).map((family) =>
    prompts.filter((p) => p.family === family),
  );
  return Array.from({ length: count }, () => {
    const u = random.uniform();
    return random.choice(families[u < 0.6 ? 0 : u < 0.8 ? 1 : 2]);
  });
}
