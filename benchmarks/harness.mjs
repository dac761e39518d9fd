// Measuring two programs that do the same work: both are served line by line in processes of their own, their turns
// alternate in one run, and only ratios of that run are reported.
import { spawn } from 'node:child_process';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { createInterface } from 'node:readline';

/** A program that answers each line of JSON with a line of JSON. */
export class Contender {
  constructor(name, command, args, options = {}) {
    this.name = name;
    this.process = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options });
    this.errors = '';
    this.process.stderr.on('data', (text) => (this.errors = (this.errors + text).slice(-4000)));
    this.lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }

  async ask(work) {
    this.process.stdin.write(`${JSON.stringify(work)}\n`);
    for (;;) {
      const { value, done } = await this.lines.next();
      if (done) throw new Error(`${this.name} ended early:\n${this.errors}`);
      if (value.startsWith('{')) return JSON.parse(value);
    }
  }

  async close() {
    this.process.stdin.end();
    await new Promise((resolve) => this.process.once('exit', resolve));
  }
}

/** Threads of OpenMP spin for some milliseconds after their work: they would take the next contender's time. */
const REST_MS = 60;

/** Alternates the contenders on the same work: `warmup` rounds unreported, then `rounds` measured ones. */
export async function interleave(contenders, work, { warmup = 1, rounds = 3, onRound = () => {} } = {}) {
  const answers = contenders.map(() => []);
  for (let round = 0; round < warmup + rounds; round++)
    for (const [i, contender] of contenders.entries()) {
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
      const answer = await contender.ask(work);
      if (round >= warmup) answers[i].push(answer);
      onRound(contender.name, round < warmup ? 'warm-up' : `round ${round - warmup + 1}/${rounds}`, answer);
    }
  return answers;
}

export function summary(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { min: sorted[0], median, max: sorted.at(-1), spread: (sorted.at(-1) - sorted[0]) / median };
}

/**
 * What a result says of both sides' answers to the same work. Ratio > 1: ours is better; its spread is over rounds.
 * @param more whether more is better, as of tokens a second
 */
export function comparison(ours, peer, of, { more = false } = {}) {
  const [a, b] = [ours, peer].map((side) => summary(side.map(of)));
  const better = (x, y) => (more ? x / y : y / x);
  return {
    ours: a.median,
    peer: b.median,
    ours_min: a.min,
    peer_min: b.min,
    ratio: better(a.median, b.median),
    spread: summary(ours.map((x, i) => better(of(x), of(peer[i])))).spread,
  };
}

/**
 * Calls of a turn, so that it is well over the clock's and the launch's own time. The first turns are long for their few
 * calls (programs are made, threads wake), so the number is approached.
 */
export async function callsOfTurn(contenders, work, seconds = 0.1) {
  let calls = 2;
  for (let i = 0; i < 3; i++) {
    let slowest = 0;
    for (const contender of contenders)
      slowest = Math.max(slowest, (await contender.ask({ ...work, calls })).seconds);
    calls = Math.max(2, Math.min(20_000, Math.ceil(seconds / slowest)));
  }
  return calls;
}

export const shapeText = (shape) =>
  Object.entries(shape)
    .map(([key, value]) => `${key} ${Array.isArray(value) ? value.join(' ') : value}`)
    .join(', ');

export const machine = () => ({
  cpu: cpus()[0]?.model,
  cores: availableParallelism(),
  memory_gib: Math.round(totalmem() / 2 ** 30),
  node: process.version,
});
