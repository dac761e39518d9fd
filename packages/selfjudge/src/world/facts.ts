/**
 * The facts of the small world: what exists, what belongs where, and what people commonly get wrong.
 */
export const PRINCIPLES = ['instruction following', 'truthfulness', 'helpfulness', 'honesty'] as const;
export type Principle = (typeof PRINCIPLES)[number];

const words = (text: string) => text.split(' ');

const ANIMALS = words(
  'owl eagle bat bee robin duck whale shark salmon seal squid crab cow horse pig sheep goat hen penguin ostrich frog swan wolf deer',
);
const FOODS_BY_COLOUR: Record<string, string[]> = {
  red: words('cherry strawberry apple radish beet'),
  green: words('lime kiwi pea spinach lettuce'),
  yellow: words('banana lemon pineapple corn squash'),
  purple: ['plum'],
  orange: ['carrot'],
};
const VEHICLES = words(
  'car bus truck bike train plane helicopter rocket balloon jet boat ship canoe ferry yacht',
);

/** Food -> its true colour. */
export const COLOUR: ReadonlyMap<string, string> = new Map(
  Object.entries(FOODS_BY_COLOUR).flatMap(([colour, foods]) => foods.map((food) => [food, colour] as const)),
);
export const COLOURS = Object.keys(FOODS_BY_COLOUR);
/** Food -> the colour people wrongly give it. */
export const POPULAR_WRONG_COLOUR: Readonly<Record<string, string>> = {
  lime: 'yellow',
  plum: 'red',
  corn: 'green',
  beet: 'purple',
  squash: 'orange',
  apple: 'green',
};

export const KINDS: Readonly<Record<string, readonly string[]>> = {
  animal: ANIMALS,
  food: [...COLOUR.keys()],
  vehicle: VEHICLES,
};

export interface Category {
  kind: keyof typeof KINDS;
  members: readonly string[];
  /** What people wrongly count in. */
  misconceptions: readonly string[];
}

const category = (kind: string, members: readonly string[], misconceptions: string): Category => ({
  kind,
  members,
  misconceptions: words(misconceptions),
});

export const CATEGORIES: Readonly<Record<string, Category>> = {
  'animals that can fly': category('animal', words('owl eagle bat bee robin duck'), 'penguin ostrich'),
  'animals that live in the sea': category(
    'animal',
    words('whale shark salmon seal squid crab'),
    'frog duck',
  ),
  'animals that live on a farm': category('animal', words('cow horse pig sheep goat hen'), 'wolf deer'),
  'red foods': category('food', FOODS_BY_COLOUR.red, 'plum carrot'),
  'green foods': category('food', FOODS_BY_COLOUR.green, 'corn lemon'),
  'yellow foods': category('food', FOODS_BY_COLOUR.yellow, 'carrot lime'),
  fruits: category(
    'food',
    words('cherry strawberry apple lime kiwi banana lemon pineapple plum'),
    'carrot radish',
  ),
  vegetables: category('food', words('radish beet pea spinach lettuce corn squash carrot'), 'lime apple'),
  'vehicles that move on land': category('vehicle', words('car bus truck bike train'), 'ferry jet'),
  'vehicles that move on water': category('vehicle', words('boat ship canoe ferry yacht'), 'bus balloon'),
  'vehicles that can fly': category('vehicle', words('plane helicopter rocket balloon jet'), 'train yacht'),
};

export const COUNTS: Readonly<Record<string, number>> = { two: 2, three: 3, four: 4 };
export const NUMBER_WORDS = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'many'] as const;
/** Things of the asker's whose colour nobody can know. */
export const MY_THINGS = words('hat coat bag cup door sofa shirt phone pen house');
/** People of the asker's whose name nobody can know. */
export const MY_PEOPLE = words('friend sister brother teacher neighbour aunt');
export const NAMES = ['Anna', 'Tom', 'Max', 'Lily'];

export const withArticle = (noun: string) => (/^[aeiou]/.test(noun) ? `an ${noun}` : `a ${noun}`);
