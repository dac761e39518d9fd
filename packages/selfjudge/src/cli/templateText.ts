import type {
  NamedToken,
  QuestionReport,
  TemplateReport,
  VerdictReport,
} from '../inference/templateReport.js';
import { counted, grouped, harmless, type Paint } from './terminal.js';

/** A report on a template for people: every question as it is read, the ids around the verdict, what is refused and why. */
export function templateText(
  { template, questions, tokens, rows, problems }: TemplateReport,
  paint: Paint,
): string {
  const target = template.rationale === undefined ? 'a verdict' : 'a verdict, after it a rationale';
  const parts = [
    `${paint(template.name, 'bold')}: ${counted(questions.length, 'question')}, ${target}`,
    ...questions.map((question, i) => questionText(question, questions[i - 1], paint)),
  ];
  if (template.rationale !== undefined)
    parts.push(`${paint('after the verdict, in training', 'dim')}\n${indented(template.rationale)}`);
  if (tokens !== undefined && rows !== undefined)
    parts.push(
      `both orders of ${counted(questions.length, 'question')} about this example are ${grouped(tokens)} tokens, computed in ` +
        `${grouped(rows)} rows, ${(rows / tokens).toFixed(2)} of them`,
    );
  if (tokens !== undefined) parts.push(paint('nothing is refused', 'green'));
  if (problems.length > 0)
    parts.push(
      [paint('it cannot be asked so:', 'bold'), ...problems].map((line) => paint(line, 'red')).join('\n'),
    );
  return parts.join('\n\n');
}

function questionText(question: QuestionReport, before: QuestionReport | undefined, paint: Paint): string {
  const { name, rendered, last, verdicts = [] } = question;
  const text = shownText(question);
  const lines = [paint(name, 'bold'), ...unlike(text, before && shownText(before), paint)];
  if (rendered !== undefined)
    lines.push(`${paint('last tokens', 'dim')}  ${(last ?? []).map(tokenText).join('  ')}`);
  for (const verdict of verdicts)
    lines.push(`${paint('verdict', 'dim')}      ${verdictText(verdict, paint)}`);
  return lines.join('\n');
}

/** What a model reads; without one the parts under their names. */
function shownText({ rendered, system, user, assistant }: QuestionReport): string {
  if (rendered !== undefined) return rendered;
  const parts = { system, user, 'assistant, up to the verdict': assistant };
  return Object.entries(parts)
    .flatMap(([part, text]) => (text === undefined ? [] : [`[${part}]\n${text}`]))
    .join('\n');
}

/** The lines of a text from the first that is not as in the text before it. */
function unlike(text: string, before: string | undefined, paint: Paint): string[] {
  const lines = text.split('\n');
  const others = before?.split('\n') ?? [];
  const same = lines.findIndex((line, i) => line !== others[i]);
  const shown = indented(lines.slice(Math.max(same, 0)).join('\n'));
  return same > 0 ? [paint(`  (${counted(same, 'line')} as before)`, 'dim'), shown] : [shown];
}

function verdictText(verdict: VerdictReport, paint: Paint): string {
  if ('token' in verdict) return tokenText(verdict.token);
  const { text, single } = verdict;
  const spellings = single.map((one) => JSON.stringify(one)).join(', ');
  const advice =
    single.length === 0 ? 'no spelling of it is one token here' : `one token here would be ${spellings}`;
  return `${paint(`${JSON.stringify(text)} refused`, 'red')}, ${advice}`;
}

const tokenText = ({ id, text }: NamedToken): string => `${JSON.stringify(text)} ${id}`;

const indented = (text: string): string =>
  harmless(text)
    .split('\n')
    .map((line) => `  ${line}`.trimEnd())
    .join('\n');
