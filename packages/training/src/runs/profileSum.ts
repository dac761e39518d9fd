import type { Work } from '@selfjudge/engine';
import { phases, type Phase, type ProfileRow, type TimedWork } from '../metrics/profile.js';

/** Where the time of a run went, and what its device did. */
export interface RunProfile {
  /** Steps it covers. */
  steps: number;
  /** Wall time of training: all of it lies in some phase. */
  seconds: number;
  /** In the order of a step, those there were; such as are not known here come last. */
  phases: ({ phase: string; share: number } & TimedWork)[];
  /** By floating-point operations, then by bytes, descending. */
  ops: ({ op: string } & Work)[];
}

/** The sum over a run's profile; undefined where it has no lines. */
export function sumProfile(rows: readonly ProfileRow[]): RunProfile | undefined {
  if (rows.length === 0) return undefined;
  const ofPhase = new Map<string, TimedWork>();
  const ofOp = new Map<string, Work>();
  for (const row of rows) {
    for (const [phase, work] of Object.entries(row.phases)) {
      const { seconds } = ofPhase.get(phase) ?? { seconds: 0 };
      ofPhase.set(phase, { seconds: seconds + work.seconds, ...sum(ofPhase.get(phase), work) });
    }
    for (const [op, work] of Object.entries(row.ops)) ofOp.set(op, sum(ofOp.get(op), work));
  }
  const seconds = [...ofPhase.values()].reduce((total, work) => total + work.seconds, 0);
  const place = (phase: string) => (phases.includes(phase as Phase) ? phases.indexOf(phase as Phase) : phases.length);
  return {
    steps: new Set(rows.map(({ step }) => step)).size,
    seconds,
    phases: [...ofPhase]
      .map(([phase, work]) => ({ phase, share: work.seconds / seconds, ...work }))
      .sort((a, b) => place(a.phase) - place(b.phase)),
    ops: [...ofOp]
      .map(([op, work]) => ({ op, ...work }))
      .sort((a, b) => b.flops - a.flops || b.bytes - a.bytes),
  };
}

function sum(a: Work | undefined, b: Work): Work {
  const { calls, flops, bytes } = a ?? { calls: 0, flops: 0, bytes: 0 };
  return { calls: calls + b.calls, flops: flops + b.flops, bytes: bytes + b.bytes };
}
