import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Work } from '@selfjudge/engine';
import { phases, type Phase, type ProfileRow, type TimedWork } from '@selfjudge/training';

/** Where the time of a run went, and what its device did. */
export interface RunProfile {
  /** Steps it covers. */
  steps: number;
  /** Wall time of training: all of it lies in some phase. */
  seconds: number;
  /** In the order of a step, those there were. */
  phases: ({ phase: Phase; share: number } & TimedWork)[];
  /** By floating-point operations, then by bytes, descending. */
  ops: ({ op: string } & Work)[];
}

/** The sum over a run's profile.jsonl; undefined for a run without one. A line torn by a crash is left out. */
export function readProfile(folder: string): RunProfile | undefined {
  const path = join(folder, 'profile.jsonl');
  if (!existsSync(path)) return undefined;
  const rows = readFileSync(path, 'utf8').split('\n').flatMap(parsed);
  if (rows.length === 0) return undefined;
  const ofPhase = new Map<Phase, TimedWork>();
  const ofOp = new Map<string, Work>();
  for (const row of rows) {
    for (const [phase, work] of Object.entries(row.phases) as [Phase, TimedWork][]) {
      const { seconds } = ofPhase.get(phase) ?? { seconds: 0 };
      ofPhase.set(phase, { seconds: seconds + work.seconds, ...sum(ofPhase.get(phase), work) });
    }
    for (const [op, work] of Object.entries(row.ops)) ofOp.set(op, sum(ofOp.get(op), work));
  }
  const seconds = [...ofPhase.values()].reduce((total, work) => total + work.seconds, 0);
  return {
    steps: new Set(rows.map(({ step }) => step)).size,
    seconds,
    phases: phases.flatMap((phase) => {
      const work = ofPhase.get(phase);
      return work === undefined ? [] : [{ phase, share: work.seconds / seconds, ...work }];
    }),
    ops: [...ofOp]
      .map(([op, work]) => ({ op, ...work }))
      .sort((a, b) => b.flops - a.flops || b.bytes - a.bytes),
  };
}

function parsed(line: string): ProfileRow[] {
  try {
    return [JSON.parse(line) as ProfileRow];
  } catch {
    return [];
  }
}

function sum(a: Work | undefined, b: Work): Work {
  const { calls, flops, bytes } = a ?? { calls: 0, flops: 0, bytes: 0 };
  return { calls: calls + b.calls, flops: flops + b.flops, bytes: bytes + b.bytes };
}
