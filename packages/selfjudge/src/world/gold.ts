import { CATEGORY_OF, NUMBER_WORDS, PRINCIPLES, SLOTS_OF } from './facts.js';
import type { Principle, Slot } from './facts.js';
import { readAnswer, type Answer } from './answer.js';
import type { WorldPrompt } from './prompts.js';

/** What an answer is worth, exactly. */
export interface Gold {
  /** Mean over the slots that the instruction has, 0 .. 1. */
  score: number;
  /** Per slot, 0 .. 1; of those that the instruction has. */
  slots: ReadonlyMap<Slot, number>;
  /** Per slot what a look at it finds, in a word: the number of items, the word that is wrong, or `right`. */
  found: ReadonlyMap<Slot, string>;
  /** Per principle the mean of its slots; none is without one. */
  principles: Record<Principle, number>;
  /** One sentence a principle that says why: its first fault, or praise. */
  reasons: Record<Principle, string>;
}

const PRAISE: Record<Principle, string> = {
  'instruction following': 'it follows the instruction.',
  truthfulness: 'everything is true.',
  care: 'it is careful.',
  form: 'the form is right.',
};

/** Of a slot: what it is worth, what a look at it finds, in a word, and what is wrong where it is worth less than 1. */
interface Scored {
  worth: number;
  found: string;
  fault: string;
}

/** Scores an answer slot by slot. One without the shape of an answer is worth nothing in any. */
export function gold(prompt: WorldPrompt, text: string): Gold {
  const answer = readAnswer(text);
  const slots = new Map<Slot, number>();
  const found = new Map<Slot, string>();
  const faults = new Map<Slot, string>();
  for (const slot of slotsOf(prompt)) {
    const scored = answer === undefined ? SENSELESS : RULES[slot](prompt, answer);
    slots.set(slot, scored.worth);
    found.set(slot, scored.found);
    if (scored.worth < 1) faults.set(slot, scored.fault);
  }
  const principles = {} as Record<Principle, number>;
  const reasons = {} as Record<Principle, string>;
  for (const principle of PRINCIPLES) {
    const own = SLOTS_OF[principle].filter((slot) => slots.has(slot));
    principles[principle] = average(own.map((slot) => slots.get(slot)!));
    const fault = own.find((slot) => faults.has(slot));
    reasons[principle] = fault === undefined ? PRAISE[principle] : faults.get(fault)!;
  }
  return { score: average([...slots.values()]), slots, found, principles, reasons };
}

/** What an answer to it is scored on: five to eight slots. */
export function slotsOf({ order, letter, numbers }: WorldPrompt): Slot[] {
  return [
    'count',
    'items',
    'repeats',
    'form',
    ...(order === 'any' ? [] : (['order'] as const)),
    ...(letter === undefined ? [] : (['letter'] as const)),
    ...(numbers ? (['numbers', 'total'] as const) : []),
  ];
}

const SENSELESS: Scored = { worth: 0, found: 'no', fault: 'it makes no sense.' };
const HALF = 0.5;

/** What a fault of one word is worth 0 for. */
const without = (word: string | undefined, fault: string): Scored => ({
  worth: Number(word === undefined),
  found: word ?? 'right',
  fault,
});

const RULES: Record<Slot, (prompt: WorldPrompt, answer: Answer) => Scored> = {
  count({ count }, { items }) {
    const found = NUMBER_WORDS[Math.min(NUMBER_WORDS.length - 1, items.length)];
    return { worth: Number(items.length === count), found, fault: `it gives ${found} items.` };
  },
  items({ category }, { items }) {
    const wrong = items.filter(({ word }) => CATEGORY_OF.get(word) !== category);
    const scored = without(wrong[0]?.word, `${wrong[0]?.word} is wrong.`);
    return { ...scored, worth: Math.max(0, 1 - HALF * wrong.length) };
  },
  repeats(_, { items }) {
    const again = items.find(({ word }, i) => items.findIndex((item) => item.word === word) < i);
    return without(again?.word, `${again?.word} is there twice.`);
  },
  form({ style, numbers }, { polite, bullets, items, total }) {
    const found = polite ? 'polite' : bullets ? 'bullets' : 'plain';
    const missed = (style === 'polite' && !polite) || (style === 'bullets' && !bullets);
    const counted = total !== undefined || items.some(({ number }) => number !== undefined);
    const unasked =
      (style !== 'polite' && polite) || (style !== 'bullets' && bullets) || (!numbers && counted);
    const fault = unasked ? 'nobody asked for that.' : `it is not ${style}.`;
    return { worth: Number(!missed && !unasked), found, fault };
  },
  order({ order }, { items }) {
    const off = items.find(({ word }, i) => {
      const before = i === 0 ? word : items[i - 1].word;
      return order === 'reverse' ? before < word : before > word;
    });
    return without(off?.word, 'the order is wrong.');
  },
  letter({ letter }, { items }) {
    const bad = items.find(({ word }) => word[0] === letter);
    return without(bad?.word, `${bad?.word} starts with ${letter}.`);
  },
  numbers(_, { items }) {
    const wrong = items.filter(({ word, number }) => number !== word.length);
    const scored = without(wrong[0]?.word, `the letters of ${wrong[0]?.word} are wrong.`);
    return { ...scored, worth: Math.max(0, 1 - HALF * wrong.length) };
  },
  // Of the numbers as they stand: whoever adds up is careful, whatever was counted.
  total(_, { items, total }) {
    const counted = items.every(({ number }) => number !== undefined);
    const sum = items.reduce((before, { number = 0 }) => before + number, 0);
    const right = counted && total === sum;
    return { worth: Number(right), found: counted ? String(sum) : 'no', fault: 'the total is wrong.' };
  },
};

const average = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
