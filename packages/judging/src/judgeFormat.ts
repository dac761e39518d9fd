import { check, oneOf, whole, type Check } from '@selfjudge/base/checks';
import type { RenderedText, Tokenizer } from '@selfjudge/text';
import { renderedText, tokenizer as isTokenizer } from '@selfjudge/text/checks';
import { isPair, isReasons, isShownFirst, isTemplate } from './checks.js';
import { QuestionFormat, type Reasons, type VerdictTokens } from './format.js';
import type { JudgePair, Order } from './pair.js';
import type { JudgePrinciple, JudgeTemplate } from './template.js';

const rationaleArguments = {
  prefix: renderedText,
  verdict: oneOf('a', 'b'),
  order: isShownFirst,
  reasons: isReasons,
};
const faces = new WeakMap<QuestionFormat, JudgeFormat>();

/** A template in the words of one tokenizer: texts and ids of the questions about a pair. */
export class JudgeFormat {
  readonly #format: QuestionFormat;
  readonly #isQuestion: Check;

  private constructor(format: QuestionFormat) {
    this.#format = format;
    this.#isQuestion = whole(0, format.questions.length - 1);
  }

  /**
   * The format of a template and a tokenizer, made once.
   * @throws ArgumentError when a verdict is not one token after the opened answer: its probability would be a lie
   */
  static of(template: JudgeTemplate, tokenizer: Tokenizer): JudgeFormat {
    check('JudgeFormat.of', { template, tokenizer }, { template: isTemplate, tokenizer: isTokenizer });
    const format = QuestionFormat.of(template, tokenizer);
    let face = faces.get(format);
    if (face === undefined) faces.set(format, (face = new JudgeFormat(format)));
    return face;
  }

  /** What is asked about each pair: the principles, or one question named `overall`. */
  get questions(): readonly JudgePrinciple[] {
    return this.#format.questions;
  }

  /** The verdict tokens of question `question` (an index into `questions`). */
  verdicts(question: number): VerdictTokens {
    check('JudgeFormat.verdicts', { question }, { question: this.#isQuestion });
    return this.#format.verdicts(question);
  }

  /** The question up to the opened answer: the next token is the verdict. */
  render(pair: JudgePair, order: Order, question: number): RenderedText {
    const checks = { pair: isPair, order: isShownFirst, question: this.#isQuestion };
    check('JudgeFormat.render', { pair, order, question }, checks);
    return this.#format.render(pair, order, question);
  }

  ids(rendered: RenderedText): number[] {
    check('JudgeFormat.ids', { rendered }, { rendered: renderedText });
    return this.#format.ids(rendered);
  }

  /**
   * Ids of the reasons after a verdict, with the token that ends the turn.
   * @param verdict the response of this order that the verdict names.
   * @param reasons one text about both answers, or one about each, where a is `chosen`.
   */
  rationaleIds(prefix: RenderedText, verdict: 'a' | 'b', order: Order, reasons: Reasons): number[] {
    check('JudgeFormat.rationaleIds', { prefix, verdict, order, reasons }, rationaleArguments);
    return this.#format.rationaleIds(prefix, verdict, order, reasons);
  }
}
