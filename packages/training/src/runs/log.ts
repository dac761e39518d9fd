import { readFileSync } from 'node:fs';
import { FileFormatError, fileSystemError } from '@selfjudge/base';

/** The rows of a log, one JSON object a line. */
export interface Log<T> {
  rows: T[];
  /**
   * A last line, from 1, that has no end and says nothing yet: it is being written, or was torn by a crash. It is no
   * data.
   */
  torn?: number;
}

/** What a line must say. */
export interface LogFormat<T> {
  /** Completes "expected ...". */
  expected: string;
  /** Undefined for an object that is no row. Fields that nobody knows are no fault. */
  rowOf(value: Record<string, unknown>): T | undefined;
}

/** A line as it stands, and its row unless it is broken. */
export interface LogLine<T> {
  line: number;
  text: string;
  row?: T;
}

/**
 * All rows; none where there is no file.
 * @throws FileFormatError naming the file and the line that is broken though it has its end
 */
export function readLog<T>(path: string, format: LogFormat<T>): Log<T> {
  const { lines, torn } = readLines(path, format);
  return { rows: lines.map((line) => wholeRow(path, line, format)), torn };
}

/** The lines of a log whether whole or broken, without the torn one. */
export function readLines<T>(path: string, format: LogFormat<T>): { lines: LogLine<T>[]; torn?: number } {
  const texts = textOf(path).split('\n');
  const last = texts.pop()!;
  const lines = texts.map((text, i) => ({ line: i + 1, text, row: parsed(text, format) }));
  if (last === '') return { lines };
  const end = { line: texts.length + 1, text: last, row: parsed(last, format) };
  // No beginning of an object is JSON: what can be read lacks its line end alone.
  return end.row === undefined ? { lines, torn: end.line } : { lines: [...lines, end] };
}

/** @throws FileFormatError for a broken line */
export function wholeRow<T>(
  path: string,
  { line, text, row }: LogLine<T>,
  { expected }: LogFormat<T>,
  advice?: string,
): T {
  if (row !== undefined) return row;
  throw new FileFormatError({ path, line, expected, received: text === '' ? 'nothing' : text, advice });
}

function parsed<T>(text: string, { rowOf }: LogFormat<T>): T | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return rowOf(value as Record<string, unknown>);
  } catch {
    return undefined;
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw fileSystemError(path, 'a file that can be read', error);
  }
}
