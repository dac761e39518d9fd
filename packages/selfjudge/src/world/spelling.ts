import { COUNTS, ITEMS, LARGEST_NUMBER } from './facts.js';
import { allPrompts } from './prompts.js';

const SORTED = [...ITEMS].sort();
/** Of the waves in which numbers are told apart, as in pretrained models (Zhou et al., arXiv 2406.03445). */
const PERIODS = [2, 5, 10, 50];

/** What has a spelling or a value that an instruction may ask about. */
export const spelledWords = (): string[] => [
  ...ITEMS,
  ...new Set(allPrompts().flatMap(({ letter }) => letter ?? [])),
  ...Object.keys(COUNTS),
  ...Array.from({ length: LARGEST_NUMBER }, (_, i) => String(i + 1)),
];

/**
 * What a pretrained model's embeddings hold of a word, as [feature, strength]: its first letter, shared with that letter; how
 * many letters it has, shared with that number; where it stands in the alphabet; of a number its value.
 */
export function spelling(word: string): [string, number][] {
  const value = COUNTS[word] ?? Number(word);
  if (!Number.isNaN(value)) return [[`number ${value}`, 1], ...waves(value)];
  if (word.length === 1) return [[`letter ${word}`, 1]];
  const place = (2 * SORTED.indexOf(word)) / (SORTED.length - 1) - 1;
  return [
    [`letter ${word[0]}`, 1],
    [`number ${word.length}`, 1],
    ['alphabet', PLACE * place],
  ];
}

/** One direction has to tell a hundred words apart. */
const PLACE = 2;

const waves = (value: number): [string, number][] =>
  PERIODS.flatMap((period): [string, number][] => {
    const angle = (2 * Math.PI * value) / period;
    return [
      [`cos ${period}`, 0.5 * Math.cos(angle)],
      [`sin ${period}`, 0.5 * Math.sin(angle)],
    ];
  });
