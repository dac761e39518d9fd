import type { Model } from '@selfjudge/engine';
import type { Judge, Verdict } from '@selfjudge/judging';
import { askedOnce, consult, regularised, tournament, type VerdictStore } from '@selfjudge/judging/internal';
import { gold } from '../gold.js';
import { REFERENCE_WEIGHT, type HeldOut } from '../heldOut.js';
import { measure, winOf } from '../measure.js';
import type { PhaseHooks } from '../phase.js';
import type { WorldOptions } from '../settings.js';
import type { WorldAnswer } from '../training.js';
import { inWorld, openTest } from './rung.js';

/** The best of n answers of a policy, by one way to choose. */
export interface Chosen {
  n: number;
  gold: number;
  tokens: number;
  /** Share of the chosen answers in which no word is there twice. */
  unrepeated: number;
}
export interface BestOfRow {
  policy: string;
  by: string;
  how: 'knock-out' | 'round robin' | 'largest';
  chosen: Chosen[];
}

const COUNTS = [1, 4, 16, 64];
/** Of a round robin, which asks n (n - 1) / 2 comparisons. */
const LARGEST_ROUND_ROBIN = 16;
const PROMPTS = 48;
/** Of the outside judge: other pairs, other combinations labelled. */
const OTHER_SEED = 500;

/**
 * The best of 1 to 64 answers before and after self-training: chosen by the frozen start, by the policy itself, by a judge of other
 * labels, by log-probability under the start alone, and by gold.
 */
export const bestOfNOf = (options: WorldOptions, hooks: PhaseHooks): Promise<BestOfRow[]> =>
  inWorld(options, hooks, async (world, base, keep) => {
    const jsft = await keep(world.jsft(base));
    const own = await keep(world.selfTrain(jsft.model));
    const far = { name: 'self-train-last', settings: { selectBy: 'none' as const, maxKl: 1e6 } };
    const last = await keep(world.selfTrain(jsft.model, far));
    const other = { ...options, seed: options.seed + OTHER_SEED, outputDir: `${options.outputDir}/outside` };
    return inWorld(other, hooks, async (elsewhere, sameBase, keepThere) => {
      const outside = elsewhere.judge((await keepThere(elsewhere.jsft(sameBase))).model);
      const test = await openTest(world, jsft.model);
      const reference = { view: jsft.model.view(), tokenizer: world.tokenizer };
      const held = (judge: Judge) => regularised(judge, reference, REFERENCE_WEIGHT);
      const rows: BestOfRow[] = [];
      const policies: [string, Model][] = [
        ['JSFT', jsft.model],
        ['SELF-JUDGE', own.model],
        ['SELF-JUDGE, last step', last.model],
      ];
      for (const [policy, model] of policies) {
        const few = await Candidates.draw(test, model);
        const own: [string, Judge][] = model === jsft.model ? [] : [['policy itself', world.judge(model)]];
        for (const [name, judge] of [['frozen start', world.judge(jsft.model)] as const, ...own]) {
          // The same answers meet again and again: in a round robin all of them.
          const once = askedOnce(judge, new Verdicts());
          for (const [by, ranking] of [
            [name, once],
            [`${name} + reference`, held(once)],
          ] as const) {
            rows.push({ policy, by, how: 'round robin', chosen: await few.roundRobin(ranking) });
            rows.push({ policy, by, how: 'knock-out', chosen: await few.knockOut(ranking) });
          }
        }
        rows.push({ policy, by: 'outside judge', how: 'knock-out', chosen: await few.knockOut(outside) });
        rows.push({ policy, by: 'reference alone', how: 'largest', chosen: few.largest(few.logps) });
        rows.push({ policy, by: 'gold', how: 'largest', chosen: few.largest(few.golds) });
      }
      return rows;
    });
  });

/** Verdicts of one policy's answers by one judge. */
class Verdicts implements VerdictStore {
  readonly #known = new Map<string, Verdict>();

  get(key: string): Verdict | undefined {
    return this.#known.get(key);
  }

  add(verdicts: ReadonlyMap<string, Verdict>): void {
    for (const [key, verdict] of verdicts) this.#known.set(key, verdict);
  }
}

/** Answers of a policy to the first prompts of a test, the most that are chosen among. */
class Candidates {
  readonly golds: number[][];

  private constructor(
    readonly test: HeldOut,
    readonly texts: string[][],
    /** Under the start. */
    readonly logps: number[][],
  ) {
    this.golds = texts.map((of, i) => of.map((text) => gold(test.prompts[i], text).score));
  }

  static async draw(test: HeldOut, model: Model): Promise<Candidates> {
    const sampled: WorldAnswer[][] = await test.sampled(
      model,
      test.prompts.slice(0, PROMPTS),
      Math.max(...COUNTS),
    );
    const texts = sampled.map((of) => of.map(({ text }) => text));
    return new Candidates(test, texts, await test.underStart(sampled));
  }

  async knockOut(judge: Judge): Promise<Chosen[]> {
    const { prompts, world } = this.test;
    const rows: Chosen[] = [];
    for (const n of COUNTS) {
      const entries = this.texts.map((of, i) => ({ prompt: prompts[i].text, candidates: of.slice(0, n) }));
      const cups = await tournament(entries, judge, world.options.seed, { signal: world.hooks.signal });
      rows.push(
        this.#chosen(
          n,
          cups.map(({ winner }) => winner),
        ),
      );
    }
    return rows;
  }

  /** Every two meet; a tie, or no verdict, is half a win. Among equals the first. */
  async roundRobin(judge: Judge): Promise<Chosen[]> {
    const { prompts, world } = this.test;
    const met = this.texts.flatMap((of, prompt) =>
      of
        .slice(0, LARGEST_ROUND_ROBIN)
        .flatMap((_, j) => Array.from({ length: j }, (__, i) => ({ prompt, i, j }))),
    );
    const asked = met.map(({ prompt, i, j }) => ({
      prompt: prompts[prompt].text,
      a: this.texts[prompt][i],
      b: this.texts[prompt][j],
    }));
    const verdicts = await consult(judge, asked, 'roundRobin', { signal: world.hooks.signal });
    return COUNTS.filter((n) => n <= LARGEST_ROUND_ROBIN).map((n) => {
      const points = this.texts.map(() => Array.from({ length: n }, () => 0));
      met.forEach(({ prompt, i, j }, at) => {
        if (j >= n) return;
        const { winner } = verdicts[at];
        points[prompt][i] += winOf(winner, 'a');
        points[prompt][j] += winOf(winner, 'b');
      });
      return this.#chosen(n, points.map(firstLargest));
    });
  }

  largest(values: readonly number[][]): Chosen[] {
    return COUNTS.map((n) =>
      this.#chosen(
        n,
        values.map((of) => firstLargest(of.slice(0, n))),
      ),
    );
  }

  #chosen(n: number, winners: readonly number[]): Chosen {
    const texts = winners.map((winner, i) => [this.texts[i][winner]]);
    const { gold: of, tokens, slots } = measure(this.test.prompts.slice(0, texts.length), texts, texts);
    return { n, gold: of.value, tokens, unrepeated: slots.repeats };
  }
}

const firstLargest = (values: readonly number[]): number => values.indexOf(Math.max(...values));
