import { readFileSync } from 'node:fs';

import { FileFormatError } from '../../errors.js';

/**
 * The value of a JSON file.
 * @param advice what can be done when it is damaged
 * @throws FileFormatError when it is missing or broken
 */
export function readJson(path: string, advice?: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const received = (error as Error).message;
    throw new FileFormatError({ path, expected: 'a readable JSON file', received, advice });
  }
}
