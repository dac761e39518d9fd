// Measuring two programs that do the same work: both are served line by line in processes of their own, their turns
// alternate in one run, and only ratios of that run are reported.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
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
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    this.process.stdin.end();
    await new Promise((resolve) => this.process.once('exit', resolve));
  }
}

/** A program that is started for each turn, as people start one. */
export const anew = (name, start) => ({
  name,
  async ask(work) {
    const contender = start();
    try {
      return await contender.ask(work);
    } finally {
      await contender.close();
    }
  },
});

/** Threads of OpenMP spin for some milliseconds after their work: they would take the next contender's time. */
const REST_MS = 60;

/**
 * Alternates the contenders on the same work: `warmup` rounds unreported, then `rounds` measured ones. Every other round
 * goes the other way around (AB BA AB BA), so that a machine that slows down or speeds up favours neither side.
 */
export async function interleave(contenders, work, { warmup = 1, rounds = 3, onRound = () => {} } = {}) {
  const answers = contenders.map(() => []);
  const order = [...contenders.entries()];
  for (let round = 0; round < warmup + rounds; round++)
    for (const [i, contender] of round % 2 ? order.toReversed() : order) {
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
      const answer = await contender.ask(work);
      if (round >= warmup) answers[i].push(answer);
      onRound(contender.name, round < warmup ? 'warm-up' : `round ${round - warmup + 1}/${rounds}`, answer);
    }
  return answers;
}

/**
 * Of the values of each round. `spread` is (upper - lower quartile) / median, the quartiles being values of rounds: of up to
 * four rounds the smallest and the largest. So more rounds tell more exactly how much they differ, and one that another
 * program disturbed does not widen it for good.
 */
export function summary(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  const outer = (sorted.length - 1) >> 2;
  const spread = (sorted.at(-1 - outer) - sorted[outer]) / median;
  return { min: sorted[0], median, max: sorted.at(-1), spread, rounds: values.length };
}

/**
 * What a result says of both sides' answers to the same work. Its ratio, above 1 when ours is better, is the median of the
 * ratios of each round, and its spread is theirs.
 * @param more whether more is better, as of tokens a second
 */
export function comparison(ours, peer, of, { more = false } = {}) {
  const [a, b] = [ours, peer].map((side) => summary(side.map(of)));
  const ratios = ours.map((x, i) => (more ? of(x) / of(peer[i]) : of(peer[i]) / of(x)));
  const { median: ratio, spread, rounds } = summary(ratios);
  return { ours: a.median, peer: b.median, ours_min: a.min, peer_min: b.min, ratio, spread, rounds };
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

/** Family, model and stepping: a virtual machine's CPU names its maker at best. Undefined where Linux does not tell. */
function cpuModel() {
  if (!existsSync('/proc/cpuinfo')) return undefined;
  const text = readFileSync('/proc/cpuinfo', 'utf8');
  const of = (key) => new RegExp(`^${key}\\s*: (\\d+)$`, 'm').exec(text)?.[1];
  const all = ['cpu family', 'model', 'stepping'].map(of);
  return all.includes(undefined) ? undefined : all.join('-');
}

export const machine = () => ({
  cpu: cpus()[0]?.model,
  cpu_model: cpuModel(),
  cores: availableParallelism(),
  memory_gib: Math.round(totalmem() / 2 ** 30),
  node: process.version,
});
