import type { AnswerPair } from '@selfjudge/data';
import { Judge, type CompareOptions, type Verdict } from '@selfjudge/judging';
import { resolveTemplate } from '../models/judgeTemplate.js';
import type { OpenModel } from '../models/model.js';
import type { InputRow } from '../rows/rows.js';

/** A model as judge. @param template a shipped one's name, a file, or `auto`, the one beside the weights */
export const judgeOf = (opened: OpenModel, template: string): Judge =>
  new Judge(opened.view, opened.tokenizer, resolveTemplate(template, opened));

/** Compares the two answers of each row. A row that cannot be used, or does not fit the model, is an issue. */
export async function judgeRows(
  judge: Judge,
  rows: readonly InputRow<AnswerPair>[],
  options: CompareOptions = {},
): Promise<InputRow<Verdict>[]> {
  const usable = rows.flatMap(({ value }) => (value === undefined ? [] : [value]));
  const pairs = usable.map(({ prompt, completions: [a, b] }) => ({ prompt, a, b }));
  const verdicts = (await judge.compare(pairs, options)).values();
  return rows.map(({ line, problem }) => {
    if (problem !== undefined) return { line, problem };
    const verdict = verdicts.next().value as Verdict;
    if (verdict.reason !== 'too-long') return { line, value: verdict };
    const limit = judge.view.model.config.maxPositions;
    const reason = `the judge's prompt is longer than the model's limit of ${limit} tokens`;
    return { line, problem: { code: 'prompt-too-long', reason } };
  });
}
