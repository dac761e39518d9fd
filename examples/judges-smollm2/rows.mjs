import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { RowFile } from '../../testbed/rowFile.mjs';
import * as settings from './settings.mjs';

const FILE = fileURLToPath(new URL('../../docs/results/judges-smollm2/rows.json', import.meta.url));

/** Of contents, in few letters. */
export const digest = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex').slice(0, 16);
};

/** What cells do not say of themselves and rows depend on all the same. */
const { GROUPS: _groups, CELLS, ...others } = settings;
const shared = Object.fromEntries(Object.entries(others).toSorted(([a], [b]) => (a < b ? -1 : 1)));

/** The committed rows. @param origin what run.mjs knows beside: the weights and the data that rows are of */
export const committedRows = (origin = {}) =>
  new RowFile(FILE, CELLS, { settings: digest(JSON.stringify(shared)), ...origin });
