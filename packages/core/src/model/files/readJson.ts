import { readFileSync } from 'node:fs';

import { FileFormatError } from '../../errors.js';

/** The value of a JSON file; one that is missing or broken is a FileFormatError. */
export function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new FileFormatError({ path, expected: 'a readable JSON file', received: (error as Error).message });
  }
}
