import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import type { Text } from '@selfjudge/data';
import { consult, type Judge } from './judge.js';
import type { JudgePair } from './pair.js';
import type { Verdict } from './verdict.js';

/** Verdicts that were given, by the key of their pair. */
export interface VerdictStore {
  get(key: string): Verdict | undefined;
  /** Keeps verdicts that have a winner. */
  add(verdicts: ReadonlyMap<string, Verdict>): void;
}

/** The verdict on two equal answers, whoever judges: `identical` says that nobody was asked. */
export const IDENTICAL: Verdict = {
  winner: 'tie',
  scoreA: 0,
  scoreB: 0,
  probability: 0.5,
  reason: 'identical',
};

/**
 * A judge that is asked about nothing twice: two equal answers are a tie, pairs that are the same share a verdict, and what is in
 * the store is taken from there. A verdict that is none is not kept: another time there may be one.
 */
export function askedOnce(judge: Judge, store?: VerdictStore): Judge {
  return {
    async compare(pairs, options = {}) {
      const keys = pairs.map((pair) => (pair.a === pair.b ? undefined : keyOf(pair)));
      const known = new Map<string, Verdict>();
      const open = new Map<string, JudgePair>();
      keys.forEach((key, i) => {
        if (key === undefined || known.has(key)) return;
        const verdict = store?.get(key);
        if (verdict === undefined) open.set(key, pairs[i]);
        else known.set(key, verdict);
      });
      const settled = pairs.length - open.size;
      const verdicts = await consult(judge, [...open.values()], 'askedOnce', {
        ...options,
        onProgress: (done) => options.onProgress?.(settled + done, pairs.length),
      });
      const said = new Map([...open.keys()].map((key, i) => [key, verdicts[i]]));
      store?.add(new Map([...said].filter(([, { winner }]) => winner !== null)));
      return keys.map((key) => (key === undefined ? IDENTICAL : (known.get(key) ?? said.get(key)!)));
    },
  };
}

/** Of a prompt and two answers in their order: SHA-256 as hex. */
export const keyOf = ({ prompt, a, b }: JudgePair): string =>
  createHash('sha256')
    .update(JSON.stringify([textOf(prompt), a, b]))
    .digest('hex');

/** JSON does not tell the numbers apart that a chat template shows: 1.0 and 1. */
const textOf = (prompt: Text): unknown =>
  typeof prompt === 'object' && 'templateArguments' in prompt
    ? inspect(prompt, { depth: Infinity, maxArrayLength: Infinity, maxStringLength: Infinity })
    : prompt;
