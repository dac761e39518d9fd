import { readFileSync } from 'node:fs';

import { FileFormatError } from '../errors.js';
import { refuseLfsPointer } from './lfsPointer.js';

/**
 * The value of a JSON file.
 * @param advice what can be done when it is damaged
 * @throws FileFormatError when it is missing or broken
 */
export function readJson(path: string, advice?: string): unknown {
  try {
    const text = readFileSync(path, 'utf8');
    refuseLfsPointer(path, text);
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof FileFormatError) throw error;
    const received = (error as Error).message;
    throw new FileFormatError({ path, expected: 'a readable JSON file', received, advice });
  }
}

/** The same for a file that holds an object. */
export function readJsonObject(path: string, advice?: string): Record<string, unknown> {
  const value = readJson(path, advice);
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new FileFormatError({ path, expected: 'a JSON object', received: value, advice });
}
