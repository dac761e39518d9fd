// The lines that lists of ops gain with a new op.
import { PATHS } from '../opPaths.mjs';

/** `text` with `line` among the lines that match `pattern`, in alphabetical order of what the pattern captures. */
function insertSorted(text, pattern, line) {
  const key = pattern.exec(line)[1];
  const lines = text.split('\n');
  const listed = lines.flatMap((other, at) => {
    const match = pattern.exec(other);
    return match ? [{ at, key: match[1] }] : [];
  });
  const next = listed.find((other) => other.key > key);
  lines.splice(next ? next.at : listed.at(-1).at + 1, 0, line);
  return lines.join('\n');
}

/** native/include/ops.h: the contract's header, and the op and its backward at the end of the list. */
function register(text, { stem, differentiable }) {
  const included = insertSorted(text, /^#include "ops\/(\w+)\.h"$/, `#include "ops/${stem}.h"`);
  const entries = differentiable ? `  X(${stem}) X(${stem}_backward)` : `  X(${stem})`;
  // The last line of the macro is the first one that goes on no further.
  return included.replace(
    /(#define SJ_OPS\(X\)(?:.*\\\n)+)(.*)\n/,
    (_, before, last) => `${before}${last.padEnd(107)}\\\n${entries}\n`,
  );
}

function exportWrapper(text, { name }) {
  const line = `export { ${name} } from './ops/${name}.js';`;
  return insertSorted(text, /^export \{.*\} from '\.\/ops\/(\w+)\.js';$/, line);
}

function addCases(text, { name }) {
  const line = `import { ${name}Cases } from './cases/${name}.js';`;
  return insertSorted(text, /^import \{ \w+ \} from '\.\/cases\/(\w+)\.js';$/, line).replace(
    /\n\];\n/,
    `\n  ...${name}Cases,\n];\n`,
  );
}

/** The row of right and wrong arguments, at the end of the table. */
function addWrongCalls(text, { name, wrongCalls }) {
  const row = `  // EDIT: ${name}, a right value and wrong ones of each argument.\n  ${name}: ${wrongCalls},\n`;
  return text.replace(/\n\};\n$/, `\n${row}};\n`);
}

/** Path of each list, and what a new op makes of its text. */
export const EDITS = {
  [PATHS.list]: register,
  [PATHS.wrapperList]: exportWrapper,
  [PATHS.caseList]: addCases,
  [PATHS.wrongCalls]: addWrongCalls,
};
