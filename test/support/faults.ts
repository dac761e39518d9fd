import { readFileSync } from 'node:fs';

/**
 * What stopAt.mjs is to do in a child: fail in a way at the event of this number, or write down all events when the
 * child ends. Calls that write are cut off in their middle. `full disk` and `fault` last, `out of memory` does not.
 */
export type StopAt = { at: number; how: 'kill' | 'full disk' | 'fault' | 'out of memory' } | { log: string };

/** Where a self-training run can be stopped. */
export const PHASES = [
  'preparation',
  'sampling',
  'judging',
  'reference',
  'update',
  'logging',
  'evaluation',
  'checkpoint',
  'final',
] as const;

export interface FaultEvent {
  at: number;
  /** A function of node:fs, or device.enqueue, device.read, device.runProgram. */
  name: string;
  phase: (typeof PHASES)[number];
  /** Whether a full disk makes it fail. */
  needsSpace: boolean;
  /** What the call is about: a path, or for a rename the old and the new one. */
  paths: string[];
}

/** The events that a child has logged, in order. */
export function readEvents(log: string): FaultEvent[] {
  const events = JSON.parse(readFileSync(log, 'utf8')) as [string, FaultEvent['phase'], boolean, string[]][];
  return events.map(([name, phase, needsSpace, paths], at) => ({ at, name, phase, needsSpace, paths }));
}
