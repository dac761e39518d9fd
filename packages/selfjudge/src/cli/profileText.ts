import type { Work } from '@selfjudge/engine';
import type { RunProfile } from '@selfjudge/training/runs/internal';
import { figure, table } from './table.js';

/** Ops with a line of their own. */
const TOP = 10;

/** A profile as two tables of at most 100 columns: its phases, and the ops that do most. */
export function describeProfile({ steps, seconds, phases, ops }: RunProfile): string {
  const all = { seconds, share: 1, ...total(phases) };
  const phaseRows = [...phases, { phase: 'all', ...all }].map(({ phase, ...work }) => [
    phase,
    figure(work.seconds),
    percent(work.share),
    String(work.calls),
    giga(work.flops),
    giga(work.bytes),
    giga(work.flops / work.seconds),
    giga(work.bytes / work.seconds),
  ]);
  const rest = ops.slice(TOP);
  const shown =
    rest.length === 0 ? ops : [...ops.slice(0, TOP), { op: `${rest.length} more`, ...total(rest) }];
  const opRows = shown.map(({ op, calls, flops, bytes }) => [
    op,
    String(calls),
    giga(flops),
    percent(flops / all.flops),
    giga(bytes),
    percent(bytes / all.bytes),
  ]);
  return [
    `${steps} steps in ${figure(seconds)} s`,
    '',
    table(['phase', 'seconds', 'share', 'calls', 'GFLOP', 'GB', 'GFLOP/s', 'GB/s'], phaseRows),
    '',
    table(['op', 'calls', 'GFLOP', 'share', 'GB', 'share'], opRows),
    '',
    'GFLOP: matrix products, attention and the head, as the maths is written. GB: device memory that must',
    'move at least. Both are counted as calls are made; a checkpoint counts to the step after it.',
  ].join('\n');
}

function total(works: readonly Work[]): Work {
  const of = (key: keyof Work) => works.reduce((sum, work) => sum + work[key], 0);
  return { calls: of('calls'), flops: of('flops'), bytes: of('bytes') };
}

/** Billions; nothing at all is a dash. */
const giga = (value: number): string => (value > 0 ? figure(value / 1e9) : '-');

const percent = (share: number): string => (share > 0 ? `${(100 * share).toFixed(1)}%` : '-');
