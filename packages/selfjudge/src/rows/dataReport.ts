import { createHash } from 'node:crypto';
import type { Issue, PromptFormat, Text } from '@selfjudge/data';
import {
  chosenRows,
  Claims,
  firstUserTurn,
  messagesOf,
  readAny,
  shapeOf,
  type Choice,
  type FileRow,
  type Place,
  type RowKind,
  type Said,
} from '@selfjudge/data/internal';
import { messageText } from '@selfjudge/text/internal';

export interface DataOptions extends Choice {
  /** What a string prompt is. */
  promptFormat: PromptFormat;
  /** The length of a text, in whatever is counted. */
  lengthOf: (text: string) => number;
}

/** Of texts, in whatever is counted. */
export interface Lengths {
  count: number;
  mean: number;
  median: number;
  p95: number;
  max: number;
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
  for await (const row of chosenRows(files, options)) report.add(row);
  return report.done();
}

class Reporter {
  readonly #report: DataReport;
  readonly #lengths = new Map<string, number[]>();
  readonly #claims = new Claims<Place>();
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
    return this.#report;
  }

  #measure(name: string, text: string): number {
    const length = this.options.lengthOf(text);
    const all = this.#lengths.get(name);
    if (all === undefined) this.#lengths.set(name, [length]);
    else all.push(length);
    return length;
  }

  #compare(said: Said, place: Place): void {
    const turn = hashOf(firstUserTurn(said.prompt));
    if (this.#prompts.has(turn)) this.#report.repeatedPrompts++;
    this.#prompts.add(turn);
    const { repeats, contradicts } = this.#claims.add(said, place);
    if (contradicts !== undefined) this.#report.conflicts.push({ ...place, first: contradicts });
    else if (repeats !== undefined) this.#report.duplicates++;
  }
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
