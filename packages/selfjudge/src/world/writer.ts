import type { Random } from '@selfjudge/base';
import {
  CATEGORIES,
  COLOUR,
  COLOURS,
  KINDS,
  MY_PEOPLE,
  MY_THINGS,
  NAMES,
  POPULAR_WRONG_COLOUR,
  withArticle,
} from './facts.js';
import type { WorldPrompt } from './prompts.js';

/** Error rates of an average writer; a careful one makes 0.35 of them, a careless one 1.6 times as many. */
const RATES = {
  wrongItem: 0.22,
  misconception: 0.6,
  wrongCount: 0.25,
  styleMissed: 0.5,
  styleUnasked: 0.05,
  repeated: 0.05,
  refused: 0.05,
  wrongColour: 0.22,
  popularWrongColour: 0.6,
  bare: 0.4,
  madeUp: 0.65,
  bareUnknown: 0.5,
  anotherThing: 0.08,
  garbled: 0.05,
};
const CARE = [0.35, 1, 1.6];

/** Writes one answer as a fallible person would: right, wrong, impolite, too short, made up or garbled. */
export function writeAnswer(prompt: WorldPrompt, random: Random): string {
  const care = random.choice(CARE);
  const errs = (rate: keyof typeof RATES) => random.uniform() < Math.min(0.9, RATES[rate] * care);
  let p = prompt;
  if (p.family !== 'list' && errs('anotherThing')) {
    const others = p.family === 'fact' ? [...COLOUR.keys()] : p.asks === 'colour' ? MY_THINGS : MY_PEOPLE;
    p = { ...p, item: random.choice(others) };
  }
  const body = writeBody(p, random, errs);
  const polite = p.style === 'polite' ? !errs('styleMissed') : random.uniform() < RATES.styleUnasked;
  const text = (polite ? 'Sure: ' : '') + body;
  return errs('garbled') ? garble(text, random) : text;
}

function writeBody(p: WorldPrompt, random: Random, errs: (rate: keyof typeof RATES) => boolean): string {
  if (p.family === 'unknown') {
    if (errs('madeUp')) return `your ${p.item} is ${random.choice(p.asks === 'colour' ? COLOURS : NAMES)}.`;
    return errs('bareUnknown') ? 'I do not know.' : `I do not know the ${p.asks} of your ${p.item}.`;
  }
  if (errs('refused')) return 'I do not know.';
  if (p.family === 'fact') {
    let colour = COLOUR.get(p.item)!;
    if (p.item in POPULAR_WRONG_COLOUR && errs('popularWrongColour')) colour = POPULAR_WRONG_COLOUR[p.item];
    else if (errs('wrongColour')) colour = random.choice(COLOURS);
    return errs('bare') ? `${colour}.` : `${withArticle(p.item)} is ${colour}.`;
  }
  return writeList(p, random, errs);
}

function writeList(
  p: WorldPrompt & { family: 'list' },
  random: Random,
  errs: (rate: keyof typeof RATES) => boolean,
): string {
  const { kind, members, misconceptions } = CATEGORIES[p.category];
  const count = p.count + (errs('wrongCount') ? (random.uniform() < 0.6 ? -1 : 1) : 0);
  const items = random.sample(members, Math.min(count, members.length));
  const strangers = KINDS[kind].filter((item) => !members.includes(item));
  for (let i = 0; i < items.length; i++) {
    if (!errs('wrongItem')) continue;
    items[i] = random.choice(random.uniform() < RATES.misconception ? misconceptions : strangers);
  }
  if (items.length > 1 && errs('repeated')) {
    const i = 1 + random.below(items.length - 1);
    items[i] = items[random.below(i)];
  }
  const bullets = p.style === 'bullets' ? !errs('styleMissed') : random.uniform() < RATES.styleUnasked;
  return bullets ? `- ${items.join(' - ')}` : `${items.join(', ')}.`;
}

/** Careless typing: a word dropped, doubled, swapped or the end said twice. */
function garble(text: string, random: Random): string {
  let tokens: string[] = text.match(/\w+|[^\w\s]/g) ?? [];
  const i = random.below(tokens.length);
  switch (random.below(4)) {
    case 0:
      tokens.splice(i, 1);
      break;
    case 1:
      tokens.splice(i, 0, random.choice(tokens));
      break;
    case 2: {
      const j = random.below(tokens.length);
      [tokens[i], tokens[j]] = [tokens[j], tokens[i]];
      break;
    }
    default:
      tokens = tokens.concat(tokens.slice(-(2 + random.below(5))));
  }
  return joinWords(tokens);
}

/** Words and marks to text as the world writes it: no space before , . : ? */
export const joinWords = (tokens: readonly string[]): string => tokens.join(' ').replace(/ ([,.:?])/g, '$1');
