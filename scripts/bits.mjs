// node scripts/bits.mjs: compares the bits of this build with the committed ones, on one worker and on all, run after run.
// node scripts/bits.mjs --write: commits those of this build. A change needs its reason in docs/decisions, see
// docs/decisions/013-guards-of-bits.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { workerCount } from '../native/index.mjs';
import { NUMERIC_VERSION } from '../packages/training/dist/index.js';
import {
  bitsOf,
  differences,
  HASHES,
  movedResults,
  NUMERIC_VERSION_FILE,
  PATHS,
  resultsOf,
  resumeOldRun,
} from '../test/support/bits.mjs';

const committed = JSON.parse(readFileSync(HASHES, 'utf8'));
const now = {};
for (const path of PATHS) {
  now[path] = await bitsOf(path);
  for (const workers of [1, workerCount()]) {
    const differing = differences(now[path], await bitsOf(path, workers), [`${path} on ${workers} workers`]);
    if (differing.length > 0) throw new Error(`the same build leaves other bits:\n${differing.join('\n')}`);
  }
  console.log(`${path}: the same on 1 and on ${workerCount()} workers`);
}
now['the old run, resumed'] = (await resumeOldRun()).hashes;

const moved = differences(committed, now);
console.log(moved.length === 0 ? 'as committed' : moved.join('\n'));
if (process.argv.includes('--write')) {
  const { version, results } = JSON.parse(readFileSync(NUMERIC_VERSION_FILE, 'utf8'));
  if (version === NUMERIC_VERSION && movedResults(results, resultsOf(now)).length > 0)
    throw new Error(
      'results move: NUMERIC_VERSION in packages/training/src/loop/numericVersion.ts has to move with them',
    );
  const record = { version: NUMERIC_VERSION, results: resultsOf(now) };
  writeFileSync(NUMERIC_VERSION_FILE, `${JSON.stringify(record, null, 2)}\n`);
  writeFileSync(HASHES, `${JSON.stringify(now, null, 2)}\n`);
} else if (moved.length > 0) process.exitCode = 1;
