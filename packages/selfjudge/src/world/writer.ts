import type { Random } from '@selfjudge/base';
import { joinWords, writeAnswerText, type Answer, type Item, wordsOf } from './answer.js';
import { CATEGORY_OF, ITEMS, MEMBERS, MISCONCEPTIONS, PRINCIPLES, type Principle } from './facts.js';
import type { WorldPrompt } from './prompts.js';

/** Factors on all error rates; each answer has one of them by chance. */
const CARE = { mixed: [0.3, 1, 1.7], careless: [1.2, 2] } as const;
export const CARES = Object.keys(CARE) as (keyof typeof CARE)[];

/** Who writes: what answers are like, in the corpus or in labelled pairs. */
export interface Writers {
  /** How many faults they make: some few and some many, or all of them many. */
  care: keyof typeof CARE;
  /** Whether one care holds for a whole answer or each principle has its own: principles then conflict more. */
  careBy: 'answer' | 'principle';
  /** Whether the commonest answer is right; where it is wrong, most writers share the category's first misconception. */
  modal: 'right' | 'wrong';
}

/** Whose texts the base has read. */
export const CORPUS_WRITERS: Writers = { care: 'mixed', careBy: 'principle', modal: 'right' };

/** Error rates of an average writer. Each is as likely to make an answer longer as to make it shorter. */
const RATES = {
  wrongCount: 0.3,
  wrongItem: 0.12,
  repeated: 0.25,
  wrongStyle: 0.3,
  unsorted: 0.5,
  letterMissed: 0.6,
  wrongNumber: 0.12,
  wrongTotal: 0.4,
  numbersMissed: 0.08,
  garbled: 0.02,
};
/** Of a wrong item: that it is the category's misconception. */
const MISCONCEIVED = 0.6;
/** Of a list, where the modal answer is wrong: that the first misconception is in it. */
const SHARED_MISCONCEPTION = 0.65;

const PRINCIPLE_OF: Record<keyof typeof RATES, Principle> = {
  wrongCount: 'instruction following',
  unsorted: 'instruction following',
  letterMissed: 'instruction following',
  wrongItem: 'truthfulness',
  wrongNumber: 'truthfulness',
  repeated: 'care',
  wrongTotal: 'care',
  garbled: 'care',
  wrongStyle: 'form',
  numbersMissed: 'form',
};

/** Writes one answer as a fallible person would. */
export function writeAnswer(prompt: WorldPrompt, writers: Writers, random: Random): string {
  const one = random.choice(CARE[writers.care]);
  const care = Object.fromEntries(
    PRINCIPLES.map((principle) => [
      principle,
      writers.careBy === 'answer' ? one : random.choice(CARE[writers.care]),
    ]),
  );
  const errs = (rate: keyof typeof RATES) =>
    random.uniform() < Math.min(0.9, RATES[rate] * care[PRINCIPLE_OF[rate]]);
  const answer = writeList(prompt, writers, random, errs);
  const text = writeAnswerText(answer);
  return errs('garbled') ? garble(text, random) : text;
}

function writeList(
  prompt: WorldPrompt,
  { modal }: Writers,
  random: Random,
  errs: (rate: keyof typeof RATES) => boolean,
): Answer {
  const words = writeWords(prompt, modal, random, errs);
  const counted = prompt.numbers !== errs('numbersMissed');
  const items = words.map((word): Item => {
    if (!counted) return { word };
    return { word, number: word.length + (errs('wrongNumber') ? random.choice([-1, 1]) : 0) };
  });
  const sum = items.reduce((before, { number = 0 }) => before + number, 0);
  const total = sum + (errs('wrongTotal') ? random.choice([-2, -1, 1, 2]) : 0);
  const missed = errs('wrongStyle');
  // Whoever misses what is asked writes plainly; where nothing is, adds one of the two.
  const addition = random.choice(['polite', 'bullets'] as const);
  const has = (form: 'polite' | 'bullets') =>
    prompt.style === 'plain' ? missed && form === addition : prompt.style === form && !missed;
  const [polite, bullets] = [has('polite'), has('bullets')];
  return { polite, bullets, items, ...(counted ? { total } : {}) };
}

function writeWords(
  { category, count: asked, order, letter }: WorldPrompt,
  modal: Writers['modal'],
  random: Random,
  errs: (rate: keyof typeof RATES) => boolean,
): string[] {
  const count = asked + (errs('wrongCount') ? random.choice([-1, 1]) : 0);
  const heedless = letter === undefined || errs('letterMissed');
  const fitting = MEMBERS[category].filter((word) => heedless || word[0] !== letter);
  const words = random.sample(fitting, Math.min(count, fitting.length));
  const [first] = MISCONCEPTIONS[category];
  if (modal === 'wrong' && random.uniform() < SHARED_MISCONCEPTION) words[random.below(words.length)] = first;
  for (let i = 0; i < words.length; i++) {
    if (!errs('wrongItem')) continue;
    words[i] =
      random.uniform() < MISCONCEIVED
        ? random.choice(MISCONCEPTIONS[category])
        : random.choice(ITEMS.filter((word) => CATEGORY_OF.get(word) !== category));
  }
  if (words.length > 1 && errs('repeated')) {
    const [from, to] = random.sample(
      words.map((_, i) => i),
      2,
    );
    words[to] = words[from];
  }
  if (order !== 'any' && !errs('unsorted')) words.sort();
  return order === 'reverse' ? words.reverse() : words;
}

/** Careless typing: a word dropped or doubled, or two swapped. */
function garble(text: string, random: Random): string {
  const tokens = wordsOf(text);
  const [i, j] = [random.below(tokens.length), random.below(tokens.length)];
  switch (random.below(3)) {
    case 0:
      tokens.splice(i, 1);
      break;
    case 1:
      tokens.splice(i, 0, tokens[j]);
      break;
    default:
      [tokens[i], tokens[j]] = [tokens[j], tokens[i]];
  }
  return joinWords(tokens);
}
