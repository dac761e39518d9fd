import type { Tokenizer, TreeSequence } from '@selfjudge/text';
import type { PreferencePair } from '@selfjudge/data';
import { QuestionFormat } from './format.js';
import { ORDERS, type JudgePair } from './pair.js';
import { OVERALL } from './parts.js';
import type { JudgeTemplate } from './template.js';

/**
 * What a judge example is made from. A pair without `labels` answers every question with its better answer; with
 * them, principles that are not named are not asked about. The key of a template without principles is `overall`.
 */
export type LabelledPair = Pick<PreferencePair, 'prompt' | 'chosen' | 'rejected' | 'labels' | 'rationales'>;

export interface JudgeSequenceOptions {
  /** Whether the token that ends the turn follows a rationale, as a label. Default true. */
  rationaleEos?: boolean;
}

/** Both orders of every question about a pair, as training targets. */
export interface JudgeSequences {
  /**
   * The verdict is the first target range; the rationale, with the end of the turn, the second. The other verdict is
   * a candidate of the same row.
   */
  sequences: TreeSequence[];
  /** What each target range of each sequence is. */
  kinds: ('verdict' | 'rationale')[][];
  /** Of each question that was asked, the answer its label names. */
  labels: ('chosen' | 'rejected')[];
}

/**
 * Judge examples of a labelled pair (arXiv 2402.11253). A bare verdict is not followed by an end token, since nothing is
 * ever generated after it; a rationale is, unless `rationaleEos` is false, as in the code of the paper. Templates without a
 * rationale, and questions without one in the data, give bare verdicts.
 *
 * @throws ArgumentError when a verdict is not one token of this tokenizer, or rationales are not of the template's kind
 */
export function judgeSequences(
  labelled: LabelledPair,
  template: JudgeTemplate,
  tokenizer: Tokenizer,
  { rationaleEos = true }: JudgeSequenceOptions = {},
): JudgeSequences {
  const { prompt, chosen, rejected, labels, rationales } = labelled;
  const format = QuestionFormat.of(template, tokenizer);
  const pair: JudgePair = { prompt, a: chosen, b: rejected };
  const sequences: TreeSequence[] = [];
  const kinds: ('verdict' | 'rationale')[][] = [];
  const asked: ('chosen' | 'rejected')[] = [];
  format.questions.forEach(({ name }, question) => {
    const label = labels?.[name] ?? (labels === undefined || name === OVERALL ? 'chosen' : undefined);
    if (label === undefined) return;
    asked.push(label);
    const reasons = template.rationale === undefined ? undefined : rationales?.[name];
    const ids = format.verdicts(question);
    for (const order of ORDERS) {
      // Whoever is shown first is called A.
      const verdict = (label === 'chosen') === (order === 'ab') ? 'a' : 'b';
      const rendered = format.render(pair, order, question);
      const tokens = format.ids(rendered);
      const at = tokens.length;
      const targets: [number, number][] = [[at, at + 1]];
      const candidates = [{ position: at - 1, labels: [verdict === 'a' ? ids.b : ids.a] }];
      tokens.push(ids[verdict]);
      if (reasons !== undefined) {
        for (const id of format.rationaleIds(rendered, verdict, order, reasons, rationaleEos))
          tokens.push(id);
        targets.push([at + 1, tokens.length]);
      }
      sequences.push({ tokens, targets, candidates });
      kinds.push(targets.map((_, i) => (i === 0 ? 'verdict' : 'rationale')));
    }
  });
  return { sequences, kinds, labels: asked };
}
