import { createHash } from 'node:crypto';
import { Random } from '@selfjudge/base';
import type { Text } from '@selfjudge/data';
import { bradleyTerry, type Comparison, type Strength } from './bradleyTerry.js';
import { contextText } from './context.js';
import { consult, type CompareOptions, type Judge } from './judge.js';
import { swissRound, swissRounds } from './swiss.js';
import type { Verdict } from './verdict.js';

export type RankingRounds = 'round-robin' | 'swiss';

export interface RankOptions {
  /** Every two answers, or Swiss rounds. Default 'round-robin'. */
  rounds?: RankingRounds;
  /** Keys who meets in the first Swiss round, with prompt and answers, and who is answer a of a pair. Default 0. */
  seed?: number;
  judging?: CompareOptions;
}

/** Two answers that met, by index, and what the judge said. */
export interface RankMatch {
  a: number;
  b: number;
  verdict: Verdict;
}

/** Answers to one prompt, by index. */
export interface RankedAnswers {
  /** The best first; answers of one tier are as strong as each other, equal texts among them. */
  tiers: number[][];
  /** Of each answer, Bradley and Terry's; equal texts have one. */
  strengths: Strength[];
  matches: RankMatch[];
}

/**
 * Ranks the answers to each prompt by a judge's verdicts on pairs of them. Equal answers are one. The rounds of all prompts are judged
 * together. A pair without a verdict counts for neither.
 * @returns undefined for a prompt whose answers no verdict tells apart: all are equal, or none has one
 */
export async function rankAnswers(
  entries: readonly { prompt: Text; candidates: readonly string[] }[],
  judge: Judge,
  { rounds = 'round-robin', seed = 0, judging = {} }: RankOptions = {},
): Promise<(RankedAnswers | undefined)[]> {
  const fields = entries.map(({ prompt, candidates }) => new Field(prompt, candidates, seed));
  const most = Math.max(0, ...fields.map((field) => (rounds === 'swiss' ? swissRounds(field.players) : 1)));
  for (let round = 0; round < most; round++) {
    const open = fields.flatMap((field) => field.pairs(rounds, round).map((pair) => ({ field, pair })));
    const asked = open.map(({ field: { prompt, texts }, pair: [a, b] }) => ({
      prompt,
      a: texts[a],
      b: texts[b],
    }));
    const verdicts = await consult(judge, asked, 'rankAnswers', judging);
    open.forEach(({ field, pair }, i) => field.take(pair, verdicts[i]));
  }
  return fields.map((field) => field.ranked());
}

/** The distinct answers to one prompt while they are compared. */
class Field {
  readonly texts: string[];
  readonly #order: number[];
  readonly #points: number[];
  readonly #met: Set<number>[];
  readonly #free = new Set<number>();
  readonly #compared: (Comparison & { verdict: Verdict })[] = [];

  constructor(
    readonly prompt: Text,
    readonly candidates: readonly string[],
    seed: number,
  ) {
    this.texts = [...new Set(candidates)];
    // By what they are and not by their place: they are ranked alike among whatever others.
    const hash = createHash('sha256')
      .update(JSON.stringify([contextText(prompt), this.texts]))
      .digest();
    this.#order = new Random(seed, hash.readUInt32LE()).shuffled(this.texts.map((_, i) => i));
    this.#points = this.texts.map(() => 0);
    this.#met = this.texts.map(() => new Set());
  }

  get players(): number {
    return this.texts.length;
  }

  pairs(rounds: RankingRounds, round: number): [number, number][] {
    const order = this.#order;
    if (rounds === 'round-robin')
      return order.flatMap((a, i) => order.slice(i + 1).map((b): [number, number] => [a, b]));
    if (round >= swissRounds(this.players)) return [];
    // There is one: in so few rounds nobody has met half of the others.
    const { pairs, free } = swissRound(order, { points: this.#points, met: this.#met, free: this.#free })!;
    if (free !== undefined) {
      this.#free.add(free);
      this.#points[free]++;
    }
    return pairs;
  }

  take([a, b]: [number, number], verdict: Verdict): void {
    this.#met[a].add(b);
    this.#met[b].add(a);
    const { winner } = verdict;
    const points = winner === 'tie' || winner === null ? 0.5 : Number(winner === 'a');
    this.#points[a] += points;
    this.#points[b] += 1 - points;
    this.#compared.push({ a, b, points, verdict });
  }

  ranked(): RankedAnswers | undefined {
    const decided = this.#compared.filter(({ verdict }) => verdict.winner !== null);
    if (decided.length === 0) return undefined;
    const strengths = bradleyTerry(this.players, decided);
    const places = this.candidates.map((text) => this.texts.indexOf(text));
    const levels = strengths.map(({ strength }) => Math.round(strength * 1e9) / 1e9);
    const known = [...new Set(levels)].sort((x, y) => y - x);
    if (known.length < 2) return undefined;
    return {
      tiers: known.map((level) => places.flatMap((place, i) => (levels[place] === level ? [i] : []))),
      strengths: places.map((place) => strengths[place]),
      matches: this.#compared.map(({ a, b, verdict }) => ({
        a: this.candidates.indexOf(this.texts[a]),
        b: this.candidates.indexOf(this.texts[b]),
        verdict,
      })),
    };
  }
}
