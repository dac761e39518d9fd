import { createHash } from 'node:crypto';
import { Random } from '@selfjudge/base';
import type { Issue, Outcome, PromptFormat, Row, RowShape, Text } from '@selfjudge/data';
import {
  argumentsOf,
  columnOf,
  dataFileParts,
  firstUserTurn,
  linesWhere,
  messagesOf,
  shapeOf,
  toAnswerPair,
  toJudgedPair,
  toLabelledRow,
  toPreferencePair,
  toPromptRow,
  toSftExample,
} from '@selfjudge/data/internal';
import { messageText } from '@selfjudge/text/internal';
import { promptOfRow } from './datasets.js';

export interface DataOptions {
  /** What the rows are. Default: told by their columns. */
  shape?: RowShape;
  /** What a string prompt is. */
  promptFormat: PromptFormat;
  /** Takes only rows of which this condition in SQL on their columns holds. */
  where?: string;
  /** Takes this many rows of those, drawn by the seed, in the order of the files. */
  sample?: number;
  seed: number;
  /** The length of a text, in whatever is counted. */
  lengthOf: (text: string) => number;
}

/** What a row is read as. */
export type RowKind = 'preferences' | 'judgments' | 'pairs' | 'labelled' | 'examples' | 'prompts';

/** Of texts, in whatever is counted. */
export interface Lengths {
  count: number;
  mean: number;
  median: number;
  p95: number;
  max: number;
}

export interface Place {
  file: string;
  line: number;
}

/** What rows are, in numbers. */
export interface DataReport {
  files: string[];
  /** Rows that were looked at, of use or not. */
  rows: number;
  /** Rows of use by what they are read as. */
  kinds: Partial<Record<RowKind, number>>;
  /** Rows by their shape: a known name, 'own' for the columns that are read as they are, 'mapping', 'unknown'. */
  shapes: Record<string, number>;
  /** In how many rows a column is there and not null, as the files name it. */
  columns: Record<string, number>;
  /** By what the texts are: prompt, chosen, rejected, answer. */
  lengths: Record<string, Lengths>;
  /** How often each label or winner was given. */
  labels: Record<string, number>;
  /** Of pairs with a better answer: how often that is the longer one, and how often both are as long. */
  longerWins: { pairs: number; longer: number; equal: number };
  /** Rows that say what one before them says. */
  duplicates: number;
  /** Rows whose first user turn a row before them has. */
  repeatedPrompts: number;
  /** Rows that say of the same answers the contrary of one before them. */
  conflicts: (Place & { first: Place })[];
  leftOut: Issue[];
  /** The first rows of use, in the columns that are read. */
  shown: (Place & { kind: RowKind; prompt: string; answers: string[] })[];
}

/** Rows that are kept to be shown. */
const SHOWN = 3;

/** Looks at all rows of files together. @throws ConfigError for a condition that is none; what `readDataFile` throws */
export async function reportData(files: readonly string[], options: DataOptions): Promise<DataReport> {
  const report = new Reporter(files, options);
  if (options.sample === undefined) {
    for await (const row of rowsOf(files, options)) report.add(row);
    return report.done();
  }
  // Each row that comes takes the place of a kept one with the chance that leaves all the same.
  const random = new Random(options.seed);
  const kept: { at: number; row: FileRow }[] = [];
  let at = 0;
  for await (const row of rowsOf(files, options)) {
    const place = at < options.sample ? at : random.below(at + 1);
    if (place < options.sample) kept[place] = { at, row };
    at++;
  }
  for (const { row } of kept.toSorted((a, b) => a.at - b.at)) report.add(row);
  return report.done();
}

type FileRow = Place & ({ value: Row; columns: Row; issue?: undefined } | { issue: Issue });

async function* rowsOf(files: readonly string[], { shape, where }: DataOptions): AsyncGenerator<FileRow> {
  for (const file of files) {
    const lines = where === undefined ? undefined : await linesWhere(file, where, { shape });
    for await (const { rows, issues } of dataFileParts(file, { shape })) {
      for (const row of rows) if (lines === undefined || lines.has(row.line)) yield { file, ...row };
      // What is no row has no columns to ask.
      if (lines === undefined) for (const issue of issues) yield { file, line: issue.line, issue };
    }
  }
}

/** What a row says, whatever it is read as. */
interface Said {
  kind: RowKind;
  prompt: Text;
  /** Of a pair the better one first, where there is one. */
  answers: { name: string; text: string }[];
  /** Its label; of two answers, which is better. */
  label?: string;
}

class Reporter {
  readonly #report: DataReport;
  readonly #lengths = new Map<string, number[]>();
  /** By what a row is about, what was said of it first. */
  readonly #said = new Map<string, Place & { verdict: string }>();
  readonly #prompts = new Set<string>();

  constructor(
    files: readonly string[],
    private readonly options: DataOptions,
  ) {
    this.#report = {
      files: [...files],
      rows: 0,
      kinds: {},
      shapes: {},
      columns: {},
      lengths: {},
      labels: {},
      longerWins: { pairs: 0, longer: 0, equal: 0 },
      duplicates: 0,
      repeatedPrompts: 0,
      conflicts: [],
      leftOut: [],
      shown: [],
    };
  }

  add(row: FileRow): void {
    const report = this.#report;
    report.rows++;
    if (row.issue !== undefined) return void report.leftOut.push(row.issue);
    const { file, line, value, columns } = row;
    const { shape = 'auto' } = this.options;
    const name =
      typeof shape === 'object' ? 'mapping' : shape === 'auto' ? (shapeOf(columns) ?? 'unknown') : shape;
    report.shapes[name] = (report.shapes[name] ?? 0) + 1;
    for (const [name, cell] of Object.entries(columns))
      if (cell !== null && cell !== undefined) report.columns[name] = (report.columns[name] ?? 0) + 1;
    const { value: said, problem } = readAny(value, this.options.promptFormat);
    if (problem) return void report.leftOut.push({ file, line, ...problem });
    report.kinds[said.kind] = (report.kinds[said.kind] ?? 0) + 1;
    if (said.label !== undefined) report.labels[said.label] = (report.labels[said.label] ?? 0) + 1;
    const prompt = textOf(said.prompt);
    this.#measure('prompt', prompt);
    const sizes = said.answers.map(({ name, text }) => this.#measure(name, text));
    if (said.kind === 'preferences' || (said.kind === 'judgments' && said.label !== 'tie')) {
      report.longerWins.pairs++;
      if (sizes[0] > sizes[1]) report.longerWins.longer++;
      if (sizes[0] === sizes[1]) report.longerWins.equal++;
    }
    this.#compare(said, { file, line });
    if (report.shown.length < SHOWN)
      report.shown.push({
        file,
        line,
        kind: said.kind,
        prompt,
        answers: said.answers.map(({ text }) => text),
      });
  }

  done(): DataReport {
    for (const [name, all] of this.#lengths) this.#report.lengths[name] = lengthsOf(all);
    this.#report.leftOut.sort((a, b) => (a.file === b.file ? a.line - b.line : 0));
    return this.#report;
  }

  #measure(name: string, text: string): number {
    const length = this.options.lengthOf(text);
    const all = this.#lengths.get(name);
    if (all === undefined) this.#lengths.set(name, [length]);
    else all.push(length);
    return length;
  }

  /** Two answers are the same pair in either order. */
  #compare({ kind, prompt, answers, label }: Said, place: Place): void {
    const turn = hashOf(firstUserTurn(prompt));
    if (this.#prompts.has(turn)) this.#report.repeatedPrompts++;
    this.#prompts.add(turn);
    const texts = answers.map(({ text }) => text);
    const isOrdered = texts.length < 2 || texts[0] <= texts[1];
    const about = hashOf(JSON.stringify([columnOf(prompt), argumentsOf(prompt), texts.toSorted()]));
    const first = isOrdered ? 'first' : 'second';
    const verdict =
      kind === 'labelled' ? label! : kind === 'pairs' || label === 'tie' ? (label ?? '') : first;
    const before = this.#said.get(about);
    const decides = (said: string) => said !== '' && said !== 'tie';
    if (before?.verdict === verdict) this.#report.duplicates++;
    else if (before !== undefined && decides(before.verdict) && decides(verdict))
      this.#report.conflicts.push({ ...place, first: { file: before.file, line: before.line } });
    else if (before === undefined || decides(verdict)) this.#said.set(about, { ...place, verdict });
  }
}

/** A row as what its columns make it: of the kinds that it could be, the one that says most. */
function readAny(row: Row, promptFormat: PromptFormat): Outcome<Said> {
  const has = (name: string) => row[name] !== undefined && row[name] !== null;
  const read = { promptFormat };
  const id = '';
  if ((has('completions') || (has('a') && has('b'))) && has('winner')) {
    const { value, problem } = toJudgedPair(row, id, read);
    if (problem) return { problem };
    const { prompt, winner, completions } = value;
    const names =
      winner === 'tie'
        ? ['answer', 'answer']
        : winner === 'a'
          ? ['chosen', 'rejected']
          : ['rejected', 'chosen'];
    const answers = completions.map((text, i) => ({ name: names[i], text }));
    if (winner === 'b') answers.reverse();
    return { value: { kind: 'judgments', prompt, answers, label: winner } };
  }
  if (has('completions') || (has('a') && has('b'))) {
    const { value, problem } = toAnswerPair(row, read);
    if (problem) return { problem };
    const answers = value.completions.map((text) => ({ name: 'answer', text }));
    return { value: { kind: 'pairs', prompt: value.prompt, answers } };
  }
  if (has('chosen') && has('rejected')) {
    const { value, problem } = toPreferencePair(row, id, read);
    if (problem) return { problem };
    const { prompt, chosen, rejected } = value;
    const answers = [
      { name: 'chosen', text: chosen },
      { name: 'rejected', text: rejected },
    ];
    return { value: { kind: 'preferences', prompt, answers } };
  }
  if (has('completion') && has('label')) {
    const { value, problem } = toLabelledRow(row, id, read);
    if (problem) return { problem };
    const { prompt, completion, label } = value;
    return {
      value: {
        kind: 'labelled',
        prompt,
        answers: [{ name: 'answer', text: completion }],
        label: String(label),
      },
    };
  }
  if (has('messages') || has('completion') || has('chosen')) {
    const { value, problem } = toSftExample(row, id, read);
    if (problem) return { problem };
    const text = 'messages' in value ? messageText(value.messages.at(-1)!) : value.completion;
    return { value: { kind: 'examples', prompt: promptOfRow(value), answers: [{ name: 'answer', text }] } };
  }
  const { value, problem } = toPromptRow(row, id, read);
  return problem ? { problem } : { value: { kind: 'prompts', prompt: value.prompt, answers: [] } };
}

const textOf = (prompt: Text): string => messagesOf(prompt).map(messageText).join('\n\n');
const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64').slice(0, 22);

function lengthsOf(all: number[]): Lengths {
  const sorted = Float64Array.from(all).sort();
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return {
    count: sorted.length,
    mean: sorted.reduce((sum, length) => sum + length, 0) / sorted.length,
    median: at(0.5),
    p95: at(0.95),
    max: sorted[sorted.length - 1],
  };
}
