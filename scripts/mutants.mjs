// What scripts that put faults into kernels share: running commands, sharing work among jobs, and which sources see a file.
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** Runs a command to its end, or to `timeout` milliseconds: { status, output, seconds, timedOut }. */
export function run(command, args, { timeout, ...options } = {}) {
  return new Promise((resolve) => {
    // A group of its own, so that a run that is stopped takes its children along.
    const child = spawn(command, args, { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const start = performance.now();
    let output = '';
    let timedOut = false;
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
    const stop = () => {
      timedOut = true;
      process.kill(-child.pid, 'SIGKILL');
    };
    const timer = timeout && setTimeout(stop, timeout);
    child.on('close', (status) => {
      clearTimeout(timer);
      resolve({ status, output, seconds: (performance.now() - start) / 1000, timedOut });
    });
  });
}

/** `work(item, job)` for all items, `jobs` at a time; each job number is in use once at a time. */
export async function inParallel(items, jobs, work) {
  const queue = [...items];
  await Promise.all(
    Array.from({ length: jobs }, async (_, job) => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item, job);
    }),
  );
}

/** Every source under `folder` with the extension that is `file` or sees it through includes; paths from `folder`. */
export function unitsOf(folder, file, extension) {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(cuh?|h|cpp|inc)$/.test(name),
  );
  const known = new Set(names);
  const includes = new Map(
    names.map((name) => [
      name,
      [...readFileSync(join(folder, name), 'utf8').matchAll(/^\s*#include "([^"]+)"/gm)]
        // Beside the file that includes it, or from the top of the folder.
        .map(([, path]) =>
          [normalize(join(dirname(name), path)), normalize(path)].find((at) => known.has(at)),
        ),
    ]),
  );
  const sees = (name, seen = new Set()) => {
    if (name === file) return true;
    if (name === undefined || seen.has(name)) return false;
    seen.add(name);
    return includes.get(name).some((path) => sees(path, seen));
  };
  return names.filter((name) => name.endsWith(extension) && sees(name));
}

/**
 * What a run of vitest says of the sources it ran on: `{ outcome, why }`. Outcomes: `passed`, `failed` (a test did, or ended its
 * process), `hangs` (past the time limit), `no tests`, `broken` (vitest itself, or a file of tests that did not load).
 */
export function outcomeOf({ status, output, timedOut }) {
  const text = stripVTControlCharacters(output);
  if (timedOut) return { outcome: 'hangs', why: 'past the time limit' };
  const [, count] = /^ *Tests .*?(\d+) failed/m.exec(text) ?? [];
  const [died] = /Worker (?:exited|forks emitted).*/.exec(text) ?? [];
  if (count === undefined && died === undefined) {
    if (status !== 0) return { outcome: 'broken', why: text.trim().slice(-1000) };
    return { outcome: /^ *Tests .*\d+ passed/m.test(text) ? 'passed' : 'no tests' };
  }
  if (count === undefined) return { outcome: 'failed', why: died };
  const [, reason] = /^\+ +"(.*)",?$/m.exec(text) ?? /(?:cause|Error): (.*)/.exec(text) ?? [];
  return { outcome: 'failed', why: reason ?? 'a test failed' };
}

/**
 * Milliseconds that a run may take that took so many seconds on the unchanged sources. Generous, for other programs may come: a
 * run beyond it says nothing of the fault but that.
 */
export const limitOf = (seconds) => Math.ceil(1000 * (30 + 5 * seconds));
