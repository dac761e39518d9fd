// What scripts that put faults into kernels share: running commands, sharing work among jobs, and which sources see a file.
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** Runs a command to its end: { status, output }; status null when it took longer than `timeout` milliseconds. */
export function run(command, args, { timeout, ...options } = {}) {
  return new Promise((resolve) => {
    // A group of its own, so that a run that is stopped takes its children along.
    const child = spawn(command, args, { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
    const timer = timeout && setTimeout(() => process.kill(-child.pid, 'SIGKILL'), timeout);
    child.on('close', (status) => {
      clearTimeout(timer);
      resolve({ status, output });
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

/** The first problem, or else error, that a run of vitest told of. */
export function reasonIn(output) {
  const text = stripVTControlCharacters(output);
  const [, reason] = /^\+ +"(.*)",?$/m.exec(text) ?? /(?:cause|Error): (.*)/.exec(text) ?? [];
  return reason ?? 'stopped';
}
