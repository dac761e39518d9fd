import { createHash } from 'node:crypto';
import type { CompareOptions, Judge, JudgePair, Verdict } from '@selfjudge/judging';
import { NO_VERDICT } from '@selfjudge/judging/internal';
import type { PersonEvidence } from '../../inference/verdictRow.js';
import type { Screen } from '../terminal.js';
import { showPair, showSaid } from './shownPair.js';

/** Keys that a person presses. */
export interface Keys {
  /** The next one that is pressed from now on; undefined where nobody is there any more. */
  next(signal?: AbortSignal): Promise<string | undefined>;
  close(): void;
}

/** The person wants the answer before this pair back. */
export class TakeBack extends Error {
  override readonly name = 'TakeBack';
}

const ANSWERS = ['1', '2', 't', 's'] as const;
type Answer = (typeof ANSWERS)[number];
const isAnswer = (key: string): key is Answer => ANSWERS.some((answer) => answer === key);

/** A person at a terminal, who sees two answers and not whose they are, in an order that a seed and the pair decide. */
export class PersonJudge implements Judge {
  /** How far the work is, in words. */
  place = '';
  readonly #screen: Screen;
  readonly #keys: Keys;

  constructor(
    { screen, keys }: { screen: Screen; keys: Keys },
    private readonly seed: number,
  ) {
    this.#screen = screen;
    this.#keys = keys;
  }

  /**
   * Asks about each pair.
   * @throws TakeBack; an AbortError when the person leaves
   */
  async compare(pairs: readonly JudgePair[], { signal }: CompareOptions = {}): Promise<Verdict[]> {
    const verdicts: Verdict[] = [];
    for (const pair of pairs) {
      const shownFirst = this.#firstOf(pair);
      showPair(this.#screen, shownFirst === 'a' ? pair : { ...pair, a: pair.b, b: pair.a }, this.place);
      verdicts.push(verdictOn(await this.#answer(signal), shownFirst));
    }
    return verdicts;
  }

  /** A line of its own. */
  say(line: string): void {
    showSaid(this.#screen, line);
  }

  close(): void {
    this.#keys.close();
  }

  async #answer(signal?: AbortSignal): Promise<Answer> {
    for (;;) {
      const key = (await this.#keys.next(signal))?.toLowerCase();
      signal?.throwIfAborted();
      if (key === undefined || key === 'q' || key === '\x03' || key === '\x04') {
        this.say('left');
        throw new DOMException('the person left', 'AbortError');
      }
      if (key === 'u') throw new TakeBack();
      if (!isAnswer(key)) continue;
      this.say(key);
      return key;
    }
  }

  #firstOf({ prompt, a, b }: JudgePair): 'a' | 'b' {
    const [byte] = createHash('sha256')
      .update(JSON.stringify([this.seed, prompt, a, b]))
      .digest();
    return byte % 2 === 0 ? 'a' : 'b';
  }
}

function verdictOn(answer: Answer, shownFirst: 'a' | 'b'): Verdict {
  const evidence: PersonEvidence = { kind: 'person', shownFirst };
  if (answer === 's') return { ...NO_VERDICT, reason: 'skipped', evidence };
  if (answer === 't') return { winner: 'tie', scoreA: 0.5, scoreB: 0.5, probability: 0.5, evidence };
  const winner = (answer === '1') === (shownFirst === 'a') ? 'a' : 'b';
  const scoreA = Number(winner === 'a');
  return { winner, scoreA, scoreB: 1 - scoreA, probability: scoreA, evidence };
}
