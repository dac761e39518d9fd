/**
 * The facts of the small world: what exists and what belongs where. How many letters a word has, which comes first in the
 * alphabet and what a sum is are facts too, for a model that sees a word as one token.
 */
const words = (text: string) => text.split(' ');

/** What an answer is scored on, one by one; the last four only where the instruction asks for them. */
export const SLOTS = ['count', 'items', 'repeats', 'form', 'order', 'letter', 'numbers', 'total'] as const;
export type Slot = (typeof SLOTS)[number];

/** Principle -> the slots it is the mean of. */
export const SLOTS_OF = {
  'instruction following': ['count', 'order', 'letter'],
  truthfulness: ['items', 'numbers'],
  care: ['repeats', 'total'],
  form: ['form'],
} as const satisfies Record<string, readonly Slot[]>;
export type Principle = keyof typeof SLOTS_OF;
export const PRINCIPLES = Object.keys(SLOTS_OF) as Principle[];

/** Category -> its members, nine words of three to six letters each. No word is in two. */
export const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  'sea animals': words('crab squid whale shark seal tuna cod eel ray'),
  'farm animals': words('cow pig hen goat sheep horse duck goose lamb'),
  'wild animals': words('lion tiger wolf bear zebra fox deer monkey hippo'),
  insects: words('ant bee wasp fly moth flea beetle midge gnat'),
  fruits: words('apple banana pear plum grape lemon mango kiwi peach'),
  vegetables: words('carrot onion pea leek bean beet potato radish kale'),
  drinks: words('water milk tea juice wine beer cocoa coffee soda'),
  clothes: words('hat shirt coat sock skirt scarf dress glove belt'),
  furniture: words('table chair sofa bed desk bench stool shelf couch'),
  tools: words('hammer saw drill axe rake spade wrench pliers chisel'),
  vehicles: words('car bus truck train bike ship plane tram van'),
  instruments: words('piano flute drum violin harp guitar cello horn organ'),
};
export const CATEGORIES = Object.keys(MEMBERS);

/** Category -> what people wrongly count in, the commonest first. */
export const MISCONCEPTIONS: Readonly<Record<string, readonly string[]>> = {
  'sea animals': words('hippo duck'),
  'farm animals': words('deer fox'),
  'wild animals': words('goat shark'),
  insects: words('crab eel'),
  fruits: words('carrot onion'),
  vegetables: words('apple lemon'),
  drinks: words('lemon mango'),
  clothes: words('bed table'),
  furniture: words('piano belt'),
  tools: words('glove truck'),
  vehicles: words('horse couch'),
  instruments: words('saw bench'),
};

/** Word -> the category it belongs to. */
export const CATEGORY_OF: ReadonlyMap<string, string> = new Map(
  Object.entries(MEMBERS).flatMap(([category, members]) => members.map((word) => [word, category] as const)),
);
export const ITEMS = [...CATEGORY_OF.keys()];

export const COUNTS: Readonly<Record<string, number>> = { two: 2, three: 3, four: 4, five: 5 };
/** Up to the number of items in the longest answer. */
export const NUMBER_WORDS = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'many'] as const;
/** Numbers that answers hold: letters of a word, and sums of them. */
export const LARGEST_NUMBER = 45;
