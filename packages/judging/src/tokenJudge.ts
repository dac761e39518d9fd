import { check } from '@selfjudge/base/checks';
import type { ModelView } from '@selfjudge/engine';
import { scorer } from '@selfjudge/engine/checks';
import { plan } from '@selfjudge/engine/internal';
import { refusable } from '@selfjudge/data/internal';
import type { Tokenizer, TreeSequence } from '@selfjudge/text';
import { tokenizer as isTokenizer } from '@selfjudge/text/checks';
import { askedAbout, type Asked } from './asked.js';
import { compareArguments, isPair, isTemplate } from './checks.js';
import { QuestionFormat } from './format.js';
import type { CompareOptions, Judge } from './judge.js';
import type { JudgePair } from './pair.js';
import type { JudgeTemplate } from './template.js';
import { NO_VERDICT, verdictOf, voteOf, type TokenVerdict } from './verdict.js';

/**
 * A model that says which of two answers is better. It is asked in both orders and never generates: the verdict is the
 * probability of one token, so a comparison is one forward pass over a tree in which orders and questions share all
 * they have in common.
 */
export class TokenJudge implements Judge<TokenVerdict> {
  readonly view: ModelView;
  readonly template: JudgeTemplate;
  readonly tokenizer: Tokenizer;
  readonly #format: QuestionFormat;
  readonly #work = { tokens: 0, rows: 0 };

  /** @throws ArgumentError when a verdict is not one token of this tokenizer */
  constructor(view: ModelView, tokenizer: Tokenizer, template: JudgeTemplate) {
    const checks = { view: scorer, tokenizer: isTokenizer, template: isTemplate };
    check('TokenJudge', { view, tokenizer, template }, checks);
    this.view = view;
    this.tokenizer = tokenizer;
    this.template = template;
    this.#format = QuestionFormat.of(template, tokenizer);
  }

  /**
   * Of all questions so far the tokens, and the rows that were computed for them: what orders, questions and pairs of one tree have in
   * common from their beginning is one row.
   */
  get work(): Readonly<{ tokens: number; rows: number }> {
    return { ...this.#work };
  }

  /** The questions about a pair, both orders of each, with the verdict tokens as candidates of the last row. */
  sequences(pair: JudgePair): TreeSequence[] {
    check('TokenJudge.sequences', { pair }, { pair: isPair });
    return askedAbout(this.#format, pair).map(({ sequence }) => sequence);
  }

  /**
   * Compares the answers of each pair. A pair that the chat template refuses or that does not fit the model's context, or
   * whose verdict tokens hold no probability, gets a null verdict with the reason.
   */
  async compare(pairs: readonly JudgePair[], options: CompareOptions = {}): Promise<TokenVerdict[]> {
    check('TokenJudge.compare', { pairs, options }, compareArguments);
    const { tokenBudget = 4096, onProgress, signal } = options;
    const verdicts: TokenVerdict[] = [];
    const groups: { index: number; asked: Asked[]; sequences: TreeSequence[] }[] = [];
    pairs.forEach((pair, index) => {
      const { value: asked, problem } = refusable(() => askedAbout(this.#format, pair));
      if (problem) {
        verdicts[index] = { ...NO_VERDICT, reason: 'refused', detail: problem.reason };
        return;
      }
      const sequences = asked.map(({ sequence }) => sequence);
      const longest = Math.max(...sequences.map(({ tokens }) => tokens.length));
      if (longest <= this.view.model.config.maxPositions) groups.push({ index, asked, sequences });
      else verdicts[index] = { ...this.#verdict(asked, () => NaN), reason: 'too-long' };
    });
    let done = pairs.length - groups.length;
    for (const tree of plan(groups, tokenBudget)) {
      signal?.throwIfAborted();
      const logp = await this.view.score(tree.batch);
      this.#work.rows += tree.batch.rows;
      for (const { sequences } of tree.groups)
        for (const { tokens } of sequences) this.#work.tokens += tokens.length;
      let first = 0;
      for (const { index, asked } of tree.groups) {
        const start = first;
        verdicts[index] = this.#verdict(asked, (label) => Math.exp(logp[start + label]));
        first += 2 * asked.length;
      }
      done += tree.groups.length;
      onProgress?.(done, pairs.length);
    }
    return verdicts;
  }

  /** @param probability of label i of the pair: two a sequence, A and B. */
  #verdict(asked: readonly Asked[], probability: (label: number) => number): TokenVerdict {
    const orders = asked.map(({ rendered }, i) => ({
      rendered,
      pA: probability(2 * i),
      pB: probability(2 * i + 1),
    }));
    const votes = this.#format.questions.map(({ name }, i) => voteOf(name, orders[2 * i], orders[2 * i + 1]));
    return verdictOf([orders[0], orders[1]], votes);
  }
}
