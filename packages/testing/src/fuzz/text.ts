import type { Random } from '@selfjudge/base';
import { mutateBytes, rounds } from './bytes.js';

const WORD = /\w+|\s+|[^\w\s]/g;

/**
 * A text in a language (YAML, Jinja, transcripts) with one to four of its words changed: dropped, doubled, exchanged
 * with others of the text, or replaced by words of the language; sometimes bytes of it instead.
 * @param words of the language, and what is dear to get wrong in it
 */
export function mutateText(text: string, random: Random, how: string[], words: readonly string[]): Buffer {
  if (random.below(5) === 0) return mutateBytes(Buffer.from(text), random, how);
  const parts = text.match(WORD) ?? [];
  for (let n = rounds(random); n > 0; n--) {
    const at = random.below(parts.length + 1);
    const word = random.below(4) === 0 && parts.length > 0 ? random.choice(parts) : random.choice(words);
    switch (random.below(8)) {
      case 0:
        how.push(`word ${at} '${parts[at]}' dropped`);
        parts.splice(at, 1);
        break;
      case 1: {
        const length = random.below(12);
        how.push(`words ${at} to ${at + length} twice`);
        parts.splice(at, 0, ...parts.slice(at, at + length));
        break;
      }
      case 2:
        how.push(`cut after ${at} words`);
        parts.length = Math.min(at, parts.length);
        break;
      case 3: {
        // Deep nesting, or a very long line.
        const times = random.below(60) === 0 ? random.choice([100, 3000]) : 3;
        how.push(`'${word}' ${times} times before word ${at}`);
        parts.splice(at, 0, word.repeat(times));
        break;
      }
      case 4:
      case 5:
        how.push(`'${word}' before word ${at}`);
        parts.splice(at, 0, word);
        break;
      default:
        how.push(`word ${at} '${parts[at]}' becomes '${word}'`);
        parts.splice(at, 1, word);
    }
  }
  return Buffer.from(parts.join(''));
}
