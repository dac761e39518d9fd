import { Random } from '@selfjudge/base';
import { readAnswer, wordsOf } from '../answer.js';
import { PRINCIPLES, type Principle } from '../facts.js';
import { gold } from '../gold.js';
import { drawPrompts, type WorldPrompt } from '../prompts.js';
import { writeAnswer, type Writers } from '../writer.js';

/** What can be seen of an answer without reading it. */
const FEATURES: Record<string, (text: string) => number> = {
  'more tokens': (text) => wordsOf(text).length,
  'more characters': (text) => text.length,
  'more items': (text) => readAnswer(text)?.items.length ?? 0,
  'more different words': (text) => new Set(text.match(/[a-z]+/g)).size,
  'opened by Sure': (text) => Number(text.startsWith('Sure')),
  bullets: (text) => Number(/(^|: )- /.test(text)),
  'has numbers': (text) => Number(/\d/.test(text)),
  'ends with a mark': (text) => Number(text.endsWith('.')),
};

export interface Validity {
  /** Feature -> how often who has more of it is the better of a pair in which both differ; at least .5, as less means as much. */
  surface: Record<string, number>;
  /** Principle -> of the pairs that it does not tie, how often its better answer is not the better one. */
  conflict: Record<Principle, number>;
}

/** Whether writers make pairs from which a judge can learn more than a cue, and principles that are more than copies. */
export function validity(
  prompts: readonly WorldPrompt[],
  writers: Writers,
  count: number,
  seed: number,
): Validity {
  const random = new Random(seed, 104);
  const surface = new Map<string, boolean[]>();
  const conflict = new Map<Principle, boolean[]>();
  const add = <K>(to: Map<K, boolean[]>, key: K, value: boolean) =>
    to.has(key) ? to.get(key)!.push(value) : to.set(key, [value]);
  for (const prompt of drawPrompts(prompts, random, count)) {
    const [a, b] = [0, 1].map(() => writeAnswer(prompt, writers, random));
    const [goldA, goldB] = [gold(prompt, a), gold(prompt, b)];
    const ahead = goldA.score - goldB.score;
    if (ahead === 0) continue;
    for (const [name, of] of Object.entries(FEATURES)) {
      const more = of(a) - of(b);
      if (more !== 0) add(surface, name, more > 0 === ahead > 0);
    }
    for (const principle of PRINCIPLES) {
      const own = goldA.principles[principle] - goldB.principles[principle];
      if (own !== 0) add(conflict, principle, own > 0 !== ahead > 0);
    }
  }
  const share = (of: boolean[]) => of.filter(Boolean).length / of.length;
  return {
    surface: Object.fromEntries([...surface].map(([name, of]) => [name, Math.max(share(of), 1 - share(of))])),
    conflict: Object.fromEntries([...conflict].map(([principle, of]) => [principle, share(of)])) as Record<
      Principle,
      number
    >,
  };
}
