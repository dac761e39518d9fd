import { isError } from '@selfjudge/base';
import { treeShape } from '@selfjudge/engine';
import type { JudgePair, JudgeTemplate } from '@selfjudge/judging';
import {
  askedAbout,
  openedQuestion,
  QuestionFormat,
  questionOf,
  questionsOf,
} from '@selfjudge/judging/internal';
import type { RenderedText, Tokenizer } from '@selfjudge/text';
import { singleToken } from '@selfjudge/text/internal';

/** What questions are shown of: a conversation of several turns. */
export const EXAMPLE: JudgePair = {
  prompt: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'What is the capital of Australia?' },
    { role: 'assistant', content: 'Canberra.' },
    { role: 'user', content: 'No, it is Sydney. Are you sure?' },
  ],
  a: 'Yes: Canberra is the capital, Sydney the largest city.',
  b: 'You are right, I am sorry: it is Sydney.',
};

/** A token, by its id and as its vocabulary writes it. */
export interface NamedToken {
  id: number;
  text: string;
}

/** A verdict where it comes next: its token, or why it is none and which spellings would be one. */
export type VerdictReport = { text: string } & (
  { token: NamedToken } | { problem: string; single: string[] }
);

/** A question as a model reads it, a shown first. */
export interface QuestionReport {
  name: string;
  /** Its turns, as the chat template is given them, and how the answer begins. */
  system?: string;
  user: string;
  assistant: string;
  /** With a tokenizer: the text up to the verdict, the last tokens of it, and the verdicts; or why there is none. */
  rendered?: string;
  last?: NamedToken[];
  verdicts?: [VerdictReport, VerdictReport];
  problem?: string;
}

export interface TemplateReport {
  template: JudgeTemplate;
  questions: QuestionReport[];
  /** Of the example in both orders of all questions, the tokens, and the rows that are computed for them. */
  tokens?: number;
  rows?: number;
  /** Why the template cannot be asked with this tokenizer, a line each. Empty where it can. */
  problems: string[];
}

/** Tokens shown before the verdict. */
const LAST = 6;

/** What becomes of a template: its questions about an example, in the tokens of a model where one is given. */
export function templateReport(template: JudgeTemplate, tokenizer?: Tokenizer): TemplateReport {
  const questions = questionsOf(template).map((asked): QuestionReport => {
    const question = questionOf(template, asked, EXAMPLE, 'ab');
    const contents = Object.fromEntries(
      question.messages.map(({ role, content }) => [role, String(content)]),
    );
    const said = { name: asked.name, user: contents.user, assistant: question.opened };
    const shown = contents.system === undefined ? said : { ...said, system: contents.system };
    if (tokenizer === undefined) return shown;
    const { value: rendered, problem } = attempted(() => openedQuestion(tokenizer, question));
    if (rendered === undefined) return { ...shown, problem };
    const ids = tokenizer.encodeRendered(rendered).slice(-LAST);
    const { a, b } = template.verdicts;
    return {
      ...shown,
      rendered: rendered.text,
      last: ids.map((id) => ({ id, text: tokenizer.tokenText(id) })),
      verdicts: [verdictReport(tokenizer, rendered, a), verdictReport(tokenizer, rendered, b)],
    };
  });
  const problems = questions.flatMap(({ name, problem, verdicts = [] }) =>
    [problem, ...verdicts.map((verdict) => ('problem' in verdict ? verdict.problem : undefined))].flatMap(
      (one) => (one === undefined ? [] : [`${name}: ${one}`]),
    ),
  );
  if (tokenizer === undefined || problems.length > 0) return { template, questions, problems };
  const { value: asked, problem } = attempted(() => whole(template, tokenizer));
  if (asked === undefined) return { template, questions, problems: [problem] };
  const tokens = asked.reduce((sum, one) => sum + one.tokens.length, 0);
  return { template, questions, tokens, rows: treeShape(asked).rows, problems };
}

/** The sequences about the example, all of the template tried. */
function whole(template: JudgeTemplate, tokenizer: Tokenizer) {
  const format = QuestionFormat.of(template, tokenizer);
  if (template.rationale !== undefined) {
    const reasons = template.rationale.includes('{rationale}')
      ? 'It is right.'
      : { chosen: 'Right.', rejected: 'Wrong.' };
    format.rationaleIds(format.render(EXAMPLE, 'ab', 0), 'a', 'ab', reasons);
  }
  return askedAbout(format, EXAMPLE).map(({ sequence }) => sequence);
}

function verdictReport(tokenizer: Tokenizer, prefix: RenderedText, text: string): VerdictReport {
  const tokenOf = (spelling: string) => attempted(() => singleToken(tokenizer, prefix, spelling));
  const { value: id, problem } = tokenOf(text);
  if (id !== undefined) return { text, token: { id, text: tokenizer.tokenText(id) } };
  const word = text.trim();
  const spellings = [word, ` ${word}`, `\n${word}`, word.toUpperCase(), word.toLowerCase(), word.slice(0, 1)];
  const single = spellings.filter(
    (spelling, i) =>
      spelling !== '' && spellings.indexOf(spelling) === i && tokenOf(spelling).value !== undefined,
  );
  return { text, problem, single };
}

/** What is refused, in the words of who refuses it. */
function attempted<T>(
  work: () => T,
): { value: T; problem?: undefined } | { value?: undefined; problem: string } {
  try {
    return { value: work() };
  } catch (error) {
    if (!isError(error, 'SJ_WRONG_ARGUMENT') && !isError(error, 'SJ_CONFIG')) throw error;
    return { problem: error.message.replace(/^\[\w+\] /, '') };
  }
}
