// What benches share: contenders that serve lines, peers by what they need, and results of turns.
import { spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { comparison, summary } from './harness.mjs';

/** Answers each line of JSON on stdin with what `answer` makes of it. */
export async function serve(answer) {
  for await (const line of createInterface({ input: process.stdin }))
    process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
}

/** Seconds that `fn` takes, and what it returns. */
export async function timed(fn) {
  const start = performance.now();
  const value = await fn();
  return { seconds: (performance.now() - start) / 1000, value };
}

/** Versions of Python packages, or undefined when the interpreter lacks one. */
export function pythonPackages(python, names) {
  const code = `import json, ${names.join(', ')}; print(json.dumps({m.__name__: m.__version__ for m in (${names.join(', ')},)}))`;
  const probe = spawnSync(python, ['-c', code], { encoding: 'utf8' });
  return probe.status === 0 ? JSON.parse(probe.stdout.trim().split('\n').at(-1)) : undefined;
}

/**
 * A result from the values of each round. Without a peer, ours alone.
 * @param about.peer the peer's values and name; the ratio is above 1 when ours is better
 * @param about.more whether more of the metric is better, as of tokens a second
 */
export function result({ name, shape, metric, unit, ours, peer, peerName, more = false }) {
  const about = { name, shape, metric, unit };
  if (peer !== undefined)
    return { ...about, peer_name: peerName, ...comparison(ours, peer, (value) => value, { more }) };
  const { median, min, spread, rounds } = summary(ours);
  return { ...about, ours: median, ours_min: min, spread, rounds };
}

/** One line a turn on stderr. */
export const progress = (name, round, { seconds }) =>
  process.stderr.write(`${name} ${round}: ${seconds.toPrecision(3)} s\n`);
