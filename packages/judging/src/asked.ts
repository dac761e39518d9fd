import type { TreeSequence } from '@selfjudge/text';
import type { QuestionFormat } from './format.js';
import { ORDERS, type JudgePair } from './pair.js';

/** A question in one order. */
export interface Asked {
  rendered: string;
  /** The verdict tokens A and B are candidates of its last row. */
  sequence: TreeSequence;
}

/** What a judge is asked about a pair: question by question, order by order. */
export function askedAbout(format: QuestionFormat, pair: JudgePair): Asked[] {
  return format.questions.flatMap((_, question) => {
    const { a, b } = format.verdicts(question);
    return ORDERS.map((order) => {
      const rendered = format.render(pair, order, question);
      const tokens = format.ids(rendered);
      const candidates = [{ position: tokens.length - 1, labels: [a, b] }];
      return { rendered: rendered.text, sequence: { tokens, candidates } };
    });
  });
}
