import { ArgumentError } from '@selfjudge/base';
import type { RenderedText, Tokenizer } from '@selfjudge/text';
import { appendText, singleToken } from '@selfjudge/text/internal';
import { checkTemplate } from './checkTemplate.js';
import type { JudgePair, Order } from './pair.js';
import { questionsOf } from './parts.js';
import { fill, holds } from './placeholders.js';
import { questionOf, type Question } from './question.js';
import type { JudgePrinciple, JudgeTemplate } from './template.js';

/** Ids of the verdict tokens of one question. */
export interface VerdictTokens {
  a: number;
  b: number;
}

const formats = new WeakMap<Tokenizer, WeakMap<JudgeTemplate, QuestionFormat>>();

/** Reasons for a verdict: one text about both answers, or one about each. */
export type Reasons = string | { chosen: string; rejected: string };

/** A template in the words of one tokenizer: texts and ids of the questions about a pair. */
export class QuestionFormat {
  /** What is asked about each pair: the principles, or one question named `overall`. */
  readonly questions: readonly JudgePrinciple[];
  readonly #template: JudgeTemplate;
  readonly #tokenizer: Tokenizer;
  readonly #verdicts: VerdictTokens[];

  private constructor(template: JudgeTemplate, tokenizer: Tokenizer) {
    checkTemplate(template);
    this.#template = template;
    this.#tokenizer = tokenizer;
    this.questions = questionsOf(template);
    const probe: JudgePair = { prompt: 'A question?', a: 'An answer.', b: 'Another.' };
    this.#verdicts = this.questions.map((_, question) => {
      const prefix = this.render(probe, 'ab', question);
      const { a, b } = template.verdicts;
      const tokens = { a: singleToken(tokenizer, prefix, a), b: singleToken(tokenizer, prefix, b) };
      if (tokens.a !== tokens.b) return tokens;
      throw new ArgumentError('verdicts', {
        where: 'JudgeFormat',
        expected: 'two texts of different tokens',
        received: `${JSON.stringify(a)} and ${JSON.stringify(b)}, both token ${tokens.a}`,
      });
    });
  }

  /**
   * The format of a template and a tokenizer, made once.
   * @throws ArgumentError when a verdict is not one token after the opened answer: its probability would be a lie; ConfigError
   *   for a template that is not whole
   */
  static of(template: JudgeTemplate, tokenizer: Tokenizer): QuestionFormat {
    let ofTokenizer = formats.get(tokenizer);
    if (ofTokenizer === undefined) formats.set(tokenizer, (ofTokenizer = new WeakMap()));
    let format = ofTokenizer.get(template);
    if (format === undefined) ofTokenizer.set(template, (format = new QuestionFormat(template, tokenizer)));
    return format;
  }

  /** The verdict tokens of question `question` (an index into `questions`). */
  verdicts(question: number): VerdictTokens {
    return this.#verdicts[question];
  }

  /** The question up to the opened answer: the next token is the verdict. */
  render(pair: JudgePair, order: Order, question: number): RenderedText {
    return openedQuestion(this.#tokenizer, questionOf(this.#template, this.questions[question], pair, order));
  }

  ids(rendered: RenderedText): number[] {
    return this.#tokenizer.encodeRendered(rendered);
  }

  /**
   * Ids of the reasons after a verdict.
   * @param verdict the response of this order that the verdict names.
   * @param reasons one text about both answers, or one about each, where a is `chosen`.
   * @param eos whether the token that ends the turn follows
   */
  rationaleIds(
    prefix: RenderedText,
    verdict: 'a' | 'b',
    order: Order,
    reasons: Reasons,
    eos = true,
  ): number[] {
    const { rationale = '', verdicts } = this.#template;
    const single = typeof reasons === 'string';
    if (holds(rationale, 'rationale') !== single) {
      throw new ArgumentError('rationales', {
        where: 'judgeSequences',
        expected: single
          ? "{ chosen, rejected }, a text about each answer, as the template's rationale"
          : 'one text, as {rationale}',
        received: single ? 'one text' : '{ chosen, rejected }',
      });
    }
    const values = single ? { rationale: reasons } : shownAs(reasons, order);
    const decided = appendText(prefix, verdicts[verdict]);
    const before = this.ids(decided);
    const all = this.ids(appendText(decided, fill(rationale, values)));
    if (!before.every((id, i) => all[i] === id)) {
      throw new ArgumentError('rationale', {
        where: 'judgeSequences',
        expected: 'a text that leaves the verdict a token of its own (begin it with a line break)',
        received: JSON.stringify(rationale.slice(0, 20)),
      });
    }
    return [...all.slice(before.length), ...this.#tokenizer.turnEnd.slice(0, eos ? 1 : 0)];
  }
}

/** A question in the words of a tokenizer, up to where its verdict comes next. @throws ArgumentError where the chat template refuses it */
export const openedQuestion = (tokenizer: Tokenizer, { messages, opened }: Question): RenderedText =>
  tokenizer.openTurn(messages, { prefill: tokenizer.answerPrefix + opened });

function shownAs({ chosen, rejected }: Exclude<Reasons, string>, order: Order): Record<string, string> {
  return order === 'ab'
    ? { rationale_a: chosen, rationale_b: rejected }
    : { rationale_a: rejected, rationale_b: chosen };
}
