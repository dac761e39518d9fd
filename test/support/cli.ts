import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StopAt } from './faults.js';

const MAIN = fileURLToPath(new URL('../../packages/selfjudge/dist/cli/main.js', import.meta.url));
const STOP_AT = new URL('stopAt.mjs', import.meta.url).href;

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  child: ChildProcess;
  /** What has been written to stderr so far. */
  stderr(): string;
  /** Resolves when stderr matches; rejects when the process ends before. */
  until(pattern: RegExp): Promise<void>;
  ended: Promise<Ended>;
}

export interface StartOptions {
  cwd?: string;
  /** Shell commands before it, such as ulimit. */
  shell?: string;
  stopAt?: StopAt;
  /** What it reads from a pipe. Default: nothing. */
  stdin?: string;
  /** Of its environment, beside what this process has. */
  env?: Record<string, string>;
}

/** Starts the command line with a folder of its own as working folder. */
export function start(
  args: readonly string[],
  { cwd, shell = '', stopAt, stdin, env: more }: StartOptions = {},
): Running {
  const preload = stopAt === undefined ? [] : ['--import', STOP_AT];
  const command = [process.execPath, ...preload, MAIN, ...args];
  const [file, ...rest] = shell === '' ? command : ['sh', '-c', `${shell}; exec "$@"`, 'sh', ...command];
  const env = { ...process.env, ...more, STOP_AT: JSON.stringify(stopAt) };
  const child = spawn(file, rest, {
    cwd,
    env,
    stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.end(stdin);
  let stdout = '';
  let stderr = '';
  const waiting = new Set<() => void>();
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    for (const check of waiting) check();
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  const until = (pattern: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const check = () => {
        if (!pattern.test(stderr)) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
      void ended.then(() => reject(new Error(`ended before ${pattern}: ${stderr}`)));
    });
  return { child, stderr: () => stderr, until, ended };
}

/** Runs the command line to its end. */
export function run(args: readonly string[], options?: StartOptions): Promise<Ended> {
  return start(args, options).ended;
}

/** JSON lines of a text. */
export function rowsOf(text: string): Record<string, any>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, any>);
}

/** A temporary folder and how to remove it. */
export function temporaryFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'selfjudge-cli-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
