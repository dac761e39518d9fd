import { DataError } from '@selfjudge/base';
import type { Issue, PromptFormat, Row, Split, Text } from '@selfjudge/data';
import { readDataFile, splitOf } from '@selfjudge/data/internal';
import type { Fields } from '@selfjudge/base/fields';
import { modelFacts } from '@selfjudge/engine/internal';
import { METHODS, type Method, type ShownPart, type TokenKind } from '@selfjudge/training';
import { presetOptions } from '@selfjudge/training/internal';
import type { ChatTemplateOptions } from '../models/templateSettings.js';
import { toldTokenizer } from '../models/toldTokenizer.js';
import { resolvePromptFormat } from '../models/trainingData.js';
import { snakeCase, type TrainingVerb } from '../config/index.js';
import { resolveTemplate } from '../models/judgeTemplate.js';
import type { Tokenizer } from '@selfjudge/text';
import { judgedNotes, promptNotes } from '../rows/promptNotes.js';
import { rowShape } from '../rows/rowShape.js';
import { fitted } from './examples.js';
import { runDefaults, type RunDefaults } from './runDefaults.js';
import { inspectRow, type ReadAs, type RowReader } from './inspectRow.js';

export interface InspectOptions extends ChatTemplateOptions {
  modelNameOrPath: string;
  /** An adapter folder, whose tokenizer goes before the model's. */
  adapter?: string;
  as: ReadAs | 'auto';
  datasetSplit: Split | 'all';
  /** Rows whose tokens are kept, from the first. */
  rows: number;
  /** The one row whose tokens are kept instead, by its line. */
  row?: number;
  /** Default: those of the verb. */
  maxLength?: number;
  maxPromptLength?: number;
  /** Default: last. */
  trainOn?: 'last' | 'all';
  /** What the rows are, see `rowShape`. Default: told by their columns. */
  datasetShape?: string;
  /** What a string prompt is; auto: what it was when the weights were trained. */
  promptFormat: PromptFormat | 'auto';
  /** In the place of the tokenizer's own chat template: a name or a file. */
  chatTemplate?: string;
  /** Default: that of the verb. */
  judgeTemplate?: string;
  /** Called after each row. */
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/** A row whose tokens are kept. */
export interface ShownRow {
  line: number;
  parts: ShownPart[];
}

/** What the rows are to the verb, in numbers. Tokens that sequences share are counted in each. */
export interface PartCounts {
  /** Rows that are of use. */
  used: number;
  sequences: number;
  tokens: number;
  /** Tokens that are labels, by kind. */
  labels: Partial<Record<TokenKind, number>>;
  /** Tokens of the longest sequence, and its line. */
  longest: { tokens: number; line: number };
  /** Tokens of the sequence in the middle. */
  median: number;
  /** Answers shortened to fit. */
  cut: number;
}

export interface Inspection {
  file: string;
  as: ReadAs;
  tokenizer: Tokenizer;
  /** Tokens of a sequence at most. */
  limit: number;
  /** Lines that are not blank. */
  rows: number;
  /** Rows of the splits that were not asked for. */
  otherSplits: number;
  shown: ShownRow[];
  counts: Record<string, PartCounts>;
  /** What is worth knowing of how all prompts are read. */
  notes: string[];
  /** What is left out and why, in the order of the lines. */
  leftOut: (Issue & { what: string })[];
}

/**
 * What a verb makes of the rows of a file, without the weights of the model.
 * @throws DataError when there is no row, or none on the line that was asked for
 */
export async function inspect(file: string, options: InspectOptions): Promise<Inspection> {
  const { datasetSplit, rows: most, row, onProgress, signal } = options;
  const content = await readDataFile(file, { shape: rowShape(options.datasetShape) });
  const total = content.rows.length + content.issues.length;
  if (total === 0)
    throw new DataError({ path: file, line: 1, reason: 'expected at least one row, received an empty file' });
  if (row !== undefined && ![...content.rows, ...content.issues].some(({ line }) => line === row))
    throw new DataError({
      path: file,
      line: row,
      reason: 'expected a row on this line (--row), received none',
    });
  const run = runDefaults(options.modelNameOrPath);
  const as = options.as === 'auto' ? readAs(content.rows[0]?.value ?? {}, run?.verb) : options.as;
  const ofRun = run?.verb === as ? run : { promptFormat: run?.promptFormat };
  const { reader, limit } = await readerOf(as, options, ofRun);
  const found: Inspection = {
    file,
    as,
    tokenizer: reader.tokenizer,
    limit,
    rows: total,
    otherSplits: 0,
    shown: [],
    counts: {},
    notes: [],
    leftOut: content.issues.map((issue) => ({ ...issue, what: 'row' })),
  };
  const lengths = new Map<PartCounts, number[]>();
  const prompts: Text[] = [];
  for (const [i, { line, value }] of content.rows.entries()) {
    signal?.throwIfAborted();
    const { prompt, parts } = inspectRow(as, value, `${file}:${line}`, reader);
    onProgress?.(i + 1, content.rows.length);
    if (prompt !== undefined && datasetSplit !== 'all' && splitOf(prompt) !== datasetSplit) {
      found.otherSplits++;
      continue;
    }
    if (prompt !== undefined) prompts.push(prompt);
    for (const part of parts) {
      if (part.problem) found.leftOut.push({ file, line, what: part.what, ...part.problem });
      else count(part, line, found.counts, lengths);
    }
    if (row === undefined ? found.shown.length < most : row === line) found.shown.push({ line, parts });
  }
  found.notes = [
    ...runNotes(as, options, ofRun),
    ...(as === 'judge' ? judgedNotes(prompts) : promptNotes(prompts, reader.tokenizer, reader.promptFormat)),
  ];
  for (const [counts, all] of lengths) counts.median = all.sort((a, b) => a - b)[all.length >> 1];
  found.leftOut.sort((a, b) => a.line - b.line);
  return found;
}

/** The verb that reads rows with such columns: the run's where it does; training on what they show where several do. */
function readAs(row: Row, ofRun?: TrainingVerb): ReadAs {
  if ('completions' in row) return 'judge';
  if ('chosen' in row && 'rejected' in row) return ofRun ?? 'dpo';
  const kind = ofRun === undefined ? undefined : METHODS[ofRun].rows;
  const isLabelled = 'completion' in row && typeof row.label === 'boolean';
  if (isLabelled && (kind === undefined || kind === 'labelled')) return ofRun ?? 'kto';
  const isAnswered = 'messages' in row || 'completion' in row || 'chosen' in row;
  if (isAnswered && kind !== 'prompts') return kind === 'examples' ? ofRun! : 'sft';
  return kind === 'prompts' ? ofRun! : 'self-train';
}

/** Options of a method that can be given in place of a run's, or of its defaults. */
const OF_METHOD = ['maxLength', 'maxPromptLength', 'trainOn'] as const;

/** What was taken from the run, and what was given and is no option of the verb, a line each. */
function runNotes(as: ReadAs, options: InspectOptions, ofRun: Partial<RunDefaults>): string[] {
  const { judgeTemplate, promptFormat } = ofRun;
  const all: Record<string, unknown> = { ...ofRun.options, judgeTemplate, promptFormat };
  const taken = [...OF_METHOD, 'judgeTemplate' as const, 'promptFormat' as const].flatMap((key) => {
    const isGiven = options[key] !== undefined && options[key] !== 'auto';
    return isGiven || all[key] === undefined ? [] : [`${snakeCase(key)} ${String(all[key])}`];
  });
  const verb = options.as === 'auto' && ofRun.verb !== undefined ? [`as ${ofRun.verb}`] : [];
  const began = [...verb, ...taken];
  const fields = fieldsOf(as);
  const idle = OF_METHOD.filter((key) => options[key] !== undefined && !Object.hasOwn(fields, key));
  return [
    ...(began.length === 0 ? [] : [`as the run in ${options.modelNameOrPath} began: ${began.join(', ')}`]),
    ...idle.map((key) => `${snakeCase(key)} does nothing: ${as} has no such option`),
  ];
}

const fieldsOf = (as: ReadAs): Fields => (as === 'judge' ? {} : METHODS[as].fields);

async function readerOf(
  as: ReadAs,
  options: InspectOptions,
  ofRun: Partial<RunDefaults>,
): Promise<{ reader: RowReader; limit: number }> {
  const { modelNameOrPath, adapter } = options;
  const { path, config, tokenizer: own } = await modelFacts(modelNameOrPath, { adapter });
  const { tokenizer } = toldTokenizer(own, path, options, { where: 'inspect', received: modelNameOrPath });
  const method: Method | undefined = as === 'judge' ? undefined : METHODS[as];
  const fields = fieldsOf(as);
  const given = OF_METHOD.filter((key) => options[key] !== undefined && Object.hasOwn(fields, key));
  const ofMethod = fitted(
    {
      ...(method && presetOptions(method)),
      ...ofRun.options,
      ...Object.fromEntries(given.map((key) => [key, options[key]])),
    },
    { model: { config } },
  );
  const { maxPositions } = config;
  const longest = method?.rows === 'prompts' ? ofMethod.maxPromptLength : ofMethod.maxLength;
  const template = resolveTemplate(
    options.judgeTemplate ?? ofRun.judgeTemplate ?? method?.judgeTemplate ?? 'auto',
    { path },
  );
  return {
    reader: {
      tokenizer,
      template,
      options: ofMethod,
      maxPositions,
      promptFormat:
        options.promptFormat === 'auto' && ofRun.promptFormat !== undefined
          ? ofRun.promptFormat
          : resolvePromptFormat(options.promptFormat, { path }),
    },
    limit: typeof longest === 'number' ? longest : maxPositions,
  };
}

function count(
  { what, sequences, cut }: ShownPart,
  line: number,
  all: Record<string, PartCounts>,
  lengths: Map<PartCounts, number[]>,
): void {
  const counts = (all[what] ??= {
    used: 0,
    sequences: 0,
    tokens: 0,
    labels: {},
    longest: { tokens: 0, line },
    median: 0,
    cut: 0,
  });
  counts.used++;
  counts.cut += cut;
  const ofPart = lengths.get(counts) ?? [];
  lengths.set(counts, ofPart);
  for (const { tokens, kinds } of sequences) {
    counts.sequences++;
    counts.tokens += tokens.length;
    if (tokens.length > counts.longest.tokens) counts.longest = { tokens: tokens.length, line };
    ofPart.push(tokens.length);
    for (const kind of kinds) if (kind !== 'prompt') counts.labels[kind] = (counts.labels[kind] ?? 0) + 1;
  }
}
