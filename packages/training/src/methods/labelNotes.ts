import type { PreferencePair } from '@selfjudge/data';
import type { JudgeTemplate } from '@selfjudge/judging';
import { questionsOf } from '@selfjudge/judging/internal';

/** What is worth knowing of labels and rationales that do not answer the questions of a template one for one. */
export function labelNotes(
  rows: readonly Pick<PreferencePair, 'labels' | 'rationales'>[],
  template: JudgeTemplate,
): string[] {
  const notes: string[] = [];
  const { name, principles, rationale } = template;
  const asked = new Set(questionsOf(template).map((question) => question.name));
  if (rationale !== undefined && rows.every(({ rationales }) => rationales === undefined))
    notes.push(`judge_template ${name} has rationales and no row has one: only verdicts are learnt`);
  const unlabelled = rows.filter(({ labels }) => labels === undefined).length;
  if (principles.length > 0 && unlabelled > 0)
    notes.push(
      `${unlabelled} of ${rows.length} pairs have no label of a principle: their one label answers ` +
        `${principles.length === 1 ? 'the question' : `all ${principles.length} questions`} of judge_template ${name}`,
    );
  for (const column of ['labels', 'rationales'] as const) {
    if (column === 'rationales' && rationale === undefined) continue;
    const surplus = rows.map((row) => Object.keys(row[column] ?? {}).filter((key) => !asked.has(key)));
    const count = surplus.filter((keys) => keys.length > 0).length;
    if (count > 0)
      notes.push(
        `${count} of ${rows.length} pairs have ${column} that no question of judge_template ${name} asks for ` +
          `(${[...new Set(surplus.flat())].sort().join(', ')}): they are not learnt; it asks for ${[...asked].join(', ')}`,
      );
  }
  return notes;
}
