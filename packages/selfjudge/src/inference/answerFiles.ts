import { DataError } from '@selfjudge/base';
import type { AnswerPair, Outcome, PromptFormat, Row, RowShape, Text } from '@selfjudge/data';
import { promptColumns, promptOfExample, readDataFile, toSftExample } from '@selfjudge/data/internal';
import { messageText } from '@selfjudge/text/internal';
import { assertUsable, type InputRow } from '../rows/rows.js';
import { numbered } from './numbered.js';

/** An answer of a file, and who wrote it where the file says so. */
export interface FileAnswer {
  prompt: Text;
  answer: string;
  /** AlpacaEval's `generator`, FastChat's `model_id`. */
  writer?: string;
  /** FastChat's `question_id`. */
  questionId?: string | number;
}

/** A prompt that both files answer: a is the one that is evaluated. */
export type PolicyRow = InputRow<AnswerPair> & { file: string; questionId?: string | number };

export interface PolicyRows {
  rows: PolicyRow[];
  writers: [a?: string, b?: string];
  /** Answers of one file alone, and turns after the first, which follow answers of their own. */
  others: { a: number; b: number };
  laterTurns: number;
}

/**
 * The prompts that two files of answers have in common. A file has rows {prompt, completion}, {messages}, AlpacaEval's {instruction,
 * output, generator}, or FastChat's {question_id, model_id, choices} beside a file of its questions.
 * @param questions FastChat's {question_id, turns}
 * @throws DataError for a file without an answer, or two without a prompt in common
 */
export async function readPolicyRows(
  [fileA, fileB, questions]: readonly string[],
  options: { promptFormat: PromptFormat; shape?: RowShape },
): Promise<PolicyRows> {
  const asked = questions === undefined ? new Map<string, string>() : await questionsIn(questions);
  const [a, b] = [await answersIn(fileA, asked, options), await answersIn(fileB, asked, options)];
  const [ofA, ofB] = [a, b].map((of) =>
    numbered(of.rows, ({ value }) => JSON.stringify(promptColumns(value.prompt))),
  );
  const rows = [...ofA].flatMap(([key, row]): PolicyRow[] => {
    const other = ofB.get(key);
    if (other === undefined) return [];
    const { prompt, answer, questionId } = row.value;
    const completions: [string, string] = [answer, other.value.answer];
    return [
      {
        file: fileA,
        line: row.line,
        columns: { ...promptColumns(prompt), completions },
        value: { prompt, completions },
        ...(questionId !== undefined && { questionId }),
      },
    ];
  });
  if (rows.length === 0)
    throw new DataError({
      path: fileB,
      line: 1,
      reason: `expected answers to prompts of ${fileA}, received none to any of its ${ofA.size} prompts`,
    });
  const writerOf = (of: Answers) => of.rows.find(({ value }) => value.writer !== undefined)?.value.writer;
  return {
    rows,
    writers: [writerOf(a), writerOf(b)],
    others: { a: ofA.size - rows.length, b: ofB.size - rows.length },
    laterTurns: a.laterTurns + b.laterTurns,
  };
}

interface Answers {
  rows: { line: number; value: FileAnswer }[];
  laterTurns: number;
}

async function answersIn(
  path: string,
  questions: ReadonlyMap<string, string>,
  { promptFormat, shape }: { promptFormat: PromptFormat; shape?: RowShape },
): Promise<Answers> {
  const { rows, issues } = await readDataFile(path, { shape });
  let laterTurns = 0;
  const read: InputRow<FileAnswer>[] = rows.map(({ line, value, columns }) => {
    const turns = turnsOf(columns);
    if (turns !== undefined) {
      laterTurns += turns.length - 1;
      return { line, ...ofFastChat(columns, turns[0], questions) };
    }
    const { value: own, problem } = answerOf(value, promptFormat);
    if (problem !== undefined) return { line, problem };
    const writer = typeof columns.generator === 'string' ? { writer: columns.generator } : {};
    return { line, value: { ...own, ...writer } };
  });
  for (const { line, code, reason } of issues) read.push({ line, problem: { code, reason } });
  assertUsable(
    path,
    read.toSorted((x, y) => x.line - y.line),
  );
  const refused = read.find(({ problem }) => problem !== undefined);
  // An answer that is left out would be one that is neither won nor lost.
  if (refused?.problem !== undefined)
    throw new DataError({ path, line: refused.line, reason: refused.problem.reason });
  return {
    rows: read.flatMap(({ line, value }) => (value === undefined ? [] : [{ line, value }])),
    laterTurns,
  };
}

/** A row's answer. Examples to imitate are never empty; an empty answer is one that loses. */
function answerOf(row: Row, promptFormat: PromptFormat): Outcome<FileAnswer> {
  const example = toSftExample(row, '', { promptFormat });
  if (example.problem?.code === 'empty-answer') {
    const other = answerOf(withAnswer(row, 'something'), promptFormat);
    return other.problem ? other : { value: { ...other.value, answer: '' } };
  }
  if (example.problem) return example;
  const { value } = example;
  const answer = 'messages' in value ? messageText(value.messages.at(-1)!) : value.completion;
  return { value: { prompt: promptOfExample(value), answer } };
}

function withAnswer(row: Row, answer: string): Row {
  const { messages } = row;
  if (!Array.isArray(messages)) return { ...row, completion: answer };
  return {
    ...row,
    messages: [...messages.slice(0, -1), { ...(messages.at(-1) as object), content: answer }],
  };
}

/** The turns of a row of FastChat's answers. */
function turnsOf({ question_id: id, choices }: Row): string[] | undefined {
  const [choice] = Array.isArray(choices) ? (choices as { turns?: unknown }[]) : [];
  const { turns } = choice ?? {};
  const areTexts =
    Array.isArray(turns) && turns.length > 0 && turns.every((turn) => typeof turn === 'string');
  return id !== undefined && areTexts ? (turns as string[]) : undefined;
}

function ofFastChat(
  { question_id: id, model_id: model }: Row,
  answer: string,
  questions: ReadonlyMap<string, string>,
): { value: FileAnswer } | { problem: { code: 'unknown-shape'; reason: string } } {
  const question = questions.get(String(id));
  if (question === undefined)
    return {
      problem: {
        code: 'unknown-shape',
        reason: `expected the question ${String(id)} in a file of questions (--questions), received none`,
      },
    };
  return {
    value: {
      prompt: [{ role: 'user', content: question }],
      answer,
      ...(typeof model === 'string' && { writer: model }),
      questionId: id as string | number,
    },
  };
}

async function questionsIn(path: string): Promise<Map<string, string>> {
  const { rows, issues } = await readDataFile(path);
  const [issue] = issues;
  if (issue !== undefined) throw new DataError({ path, line: issue.line, reason: issue.reason });
  return new Map(
    rows.map(({ line, columns: { question_id: id, turns } }) => {
      const [first] = Array.isArray(turns) ? (turns as unknown[]) : [];
      if ((typeof id === 'number' || typeof id === 'string') && typeof first === 'string')
        return [String(id), first];
      throw new DataError({ path, line, reason: 'expected question_id and turns, a list of texts' });
    }),
  );
}
