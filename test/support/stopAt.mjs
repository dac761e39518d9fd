// Loaded into a child before the program (node --import): counts what it does to the file system and what it asks of the
// device, and at one of these events kills the process or lets disk or device fail. STOP_AT holds a StopAt of faults.ts.
import fs from 'node:fs';
import { join, relative } from 'node:path';
import { syncBuiltinESMExports } from 'node:module';
import { NativeDevice } from '../../native/index.mjs';

const { at, how, log } = JSON.parse(process.env.STOP_AT);
const { appendFileSync, readdirSync, rmSync, writeFileSync, writeSync } = fs;
Error.stackTraceLimit = 60;

/** The phase a call belongs to: the first of these names on its stack, awaiting callers included. */
const PHASES = [
  ['evaluation', /JudgeSignal/],
  ['checkpoint', /Checkpoints\./],
  ['final', /Runner\.finish|writeSummary/],
  ['reference', /scoreContests/],
  ['sampling', /sampleAnswers/],
  ['judging', /\bdecide\b/],
  ['update', /preferenceBackward|AdamW\.step/],
  ['logging', /Runner\.step|writeSamples/],
];
const phaseNow = () => {
  const { stack } = new Error();
  return PHASES.find(([, pattern]) => pattern.test(stack))?.[0] ?? 'preparation';
};

const noSpace = (syscall) =>
  Object.assign(new Error(`ENOSPC: no space left on device, ${syscall}`), { code: 'ENOSPC', syscall });
const deviceError = (code, cause) =>
  Object.assign(new Error(cause), { code, op: 'linear', sequence: 7, cause });

/** How a call fails, where it can fail so. Memory is short once; a full disk and a broken device stay as they are. */
const FAILURES = {
  'full disk': (name) => (NEEDS_SPACE.has(name) ? noSpace(name) : undefined),
  fault: (name) => (name.startsWith('device.') ? deviceError('SJ_FAULT', 'the device was lost') : undefined),
  'out of memory': (name, now) =>
    now && name.startsWith('device.') ? deviceError('SJ_OUT_OF_MEMORY', 'memory') : undefined,
};
const NEEDS_SPACE = new Set();

const events = [];
let failing = false;
// What a call does inside is part of it.
let inside = false;

/**
 * @param paths what the call is about
 * @param half does a part of the call's work, as a write that is cut off does
 */
function event(name, paths, half) {
  events.push(log === undefined ? name : [name, phaseNow(), NEEDS_SPACE.has(name), paths]);
  const now = events.length - 1 === at;
  if (now) {
    half?.();
    writeSync(2, `${how} in ${phaseNow()} at ${name}\n`);
    if (how === 'kill') process.kill(process.pid, 'SIGKILL');
    failing = true;
  }
  const error = failing ? FAILURES[how](name, now) : undefined;
  if (error !== undefined) throw error;
}

const openPaths = new Map();

/** What a call is about, seen from the working folder: the path of a file, open or not, and a second one where it moves. */
const pathsOf = (name, [first, second]) =>
  [openPaths.get(first) ?? first, ...(TWO_PATHS.has(name) ? [second] : [])].map(
    (path) => relative('', path) || '.',
  );
const TWO_PATHS = new Set(['renameSync', 'linkSync', 'copyFileSync']);

function tracked(name, [path], result) {
  if (name === 'openSync') openPaths.set(result, path);
  return result;
}

function watch(name, { needsSpace = true, counts = () => true, half } = {}) {
  if (needsSpace) NEEDS_SPACE.add(name);
  const original = fs[name];
  fs[name] = (...args) => {
    if (inside || !counts(...args)) return tracked(name, args, original(...args));
    inside = true;
    try {
      event(name, pathsOf(name, args), half && (() => half(...args)));
      return tracked(name, args, original(...args));
    } finally {
      inside = false;
    }
  };
}

const halfOf = (data) => data.slice(0, data.length >> 1);
watch('openSync', { counts: (_, flags) => /[wa]/.test(flags ?? 'r') });
watch('writeSync', {
  counts: (fd) => fd > 2,
  half: (fd, bytes, offset, length) => writeSync(fd, bytes, offset, length >> 1),
});
watch('writeFileSync', { half: (path, data) => writeFileSync(path, halfOf(data)) });
watch('appendFileSync', { half: (path, data) => appendFileSync(path, halfOf(data)) });
for (const name of ['linkSync', 'copyFileSync', 'fsyncSync']) watch(name);
watch('mkdirSync', { counts: (path) => !fs.existsSync(path) });
for (const name of ['renameSync', 'rmdirSync']) watch(name, { needsSpace: false });
watch('rmSync', {
  needsSpace: false,
  half: (path, { recursive }) => {
    if (recursive && fs.existsSync(path))
      for (const name of halfOf(readdirSync(path))) rmSync(join(path, name), { recursive });
  },
});
syncBuiltinESMExports();

for (const name of ['enqueue', 'runProgram', 'read']) {
  const original = NativeDevice.prototype[name];
  NativeDevice.prototype[name] = function (...args) {
    event(`device.${name}`, []);
    return original.apply(this, args);
  };
}

if (log !== undefined)
  process.on('exit', () => {
    inside = true;
    writeFileSync(log, JSON.stringify(events));
  });
