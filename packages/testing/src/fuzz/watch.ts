import { spawn } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Seconds on one input after which it counts as a hang. (What merely takes long is measured by the fuzzer itself.) */
const HANG = 20;

/**
 * The watcher's program: it lives beside the process that fuzzes and reads the number of the input at work from a file,
 * since a process that hangs or is killed can no longer say it.
 */
const PROGRAM = `
const { readFileSync } = require('node:fs');
const [file, what, limit] = process.argv.slice(1);
const at = () => readFileSync(file).readDoubleLE(0);
const say = (end) => process.stderr.write('fuzz: ' + what + ', input ' + at() + ' ' + end + '; its files are left beside ' + file + '\\n');
let last = -1, since = Date.now();
const timer = setInterval(() => {
  if (at() !== last) [last, since] = [at(), Date.now()];
  else if (Date.now() - since > 1000 * limit) {
    say('hangs');
    process.kill(process.ppid, 'SIGKILL');
    process.exit();
  }
}, 1000);
process.stdin.on('data', () => process.exit()).on('end', () => { say('ended the process'); process.exit(); });
`;

/** Tells which input it was when one ends the process or never returns. */
export class Watch {
  readonly #fd: number;
  readonly #bytes = Buffer.alloc(8);
  readonly #child;

  /** @param what names the run in the message, with its seed */
  constructor(folder: string, what: string) {
    const file = join(folder, 'input');
    this.#fd = openSync(file, 'w');
    this.at(-1);
    this.#child = spawn(process.execPath, ['-e', PROGRAM, file, what, String(HANG)], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    this.#child.unref();
  }

  /** The input that is worked on from now on. */
  at(index: number): void {
    this.#bytes.writeDoubleLE(index);
    writeSync(this.#fd, this.#bytes, 0, 8, 0);
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.ref();
    this.#child.stdin.end('done');
    await ended;
    closeSync(this.#fd);
  }
}
