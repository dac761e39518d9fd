// What the exported functions take. The package's own code and its sisters call them unchecked (internal.ts).
import { checked, checkedAsync, iterable, measured, numbers, path, text } from './checks.js';
import * as files from './files/atomicWrite.js';
import * as means from './mean.js';
import * as words from './nearest.js';

// Chunks and words are looked at as they come.
export const atomicWrite = checkedAsync('atomicWrite', { path, chunks: iterable }, files.atomicWrite);
export const writeJson = checkedAsync('writeJson', { path }, files.writeJson);
export const mean = checked('mean', { values: numbers(measured) }, means.mean);
export const nearest = checked('nearest', { word: text, known: iterable }, words.nearest);
