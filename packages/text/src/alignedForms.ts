import { AlignedBuilder, type Aligned } from './aligned.js';

type Form = 'NFC' | 'NFD' | 'NFKC' | 'NFKD';

/** A character with the marks behind it, and syllables of Hangul: what changes together. */
const CLUSTER = /(?:[\u1100-\u11ff\uac00-\ud7a3]+|\P{M})\p{M}*|\p{M}+/gu;

/**
 * A character of the result: `change` is 0 where it stands for the next of the source, above 0 where it is one more,
 * below 0 where it stands for so many more of the source. So Python's tokenizers count.
 */
interface Changed {
  character: string;
  change: number;
}

/** A text in a form of Unicode. A character made of several came from the first of them. */
export function formAligned(source: Aligned, form: Form): Aligned {
  const built = new AlignedBuilder(source);
  let start = 0;
  for (const [cluster] of source.text.matchAll(CLUSTER)) {
    if (cluster.normalize(form) === cluster) built.keep(start, start + cluster.length);
    else align(cluster, form, start, built);
    start += cluster.length;
  }
  return built.done();
}

function align(cluster: string, form: Form, start: number, built: AlignedBuilder): void {
  const given = Array.from(cluster);
  let next = 0;
  let at = start;
  for (const { character, change } of changes(cluster, form)) {
    if (change > 0) {
      built.add(character, at - 1);
      continue;
    }
    built.add(character, at);
    for (let i = 0; i <= -change && next < given.length; i++) at += given[next++].length;
  }
}

function changes(cluster: string, form: Form): Changed[] {
  const apart = form === 'NFC' || form === 'NFD' ? 'NFD' : 'NFKD';
  const parts = Array.from(cluster).flatMap((character) =>
    Array.from(character.normalize(apart), (part, i): Changed => ({
      character: part,
      change: i === 0 ? 0 : 1,
    })),
  );
  /** The first part of such a character that was not taken: marks change their order, equal ones do not. */
  const take = (character: string): Changed => {
    const i = parts.findIndex((part) => part.character === character);
    return i < 0 ? { character, change: 0 } : parts.splice(i, 1)[0];
  };
  return Array.from(cluster.normalize(form), (character) => {
    const [first, ...others] = Array.from(character.normalize('NFD'), take);
    return { character, change: others.reduce((sum, { change }) => sum + change - 1, first.change) };
  });
}
