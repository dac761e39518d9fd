import type { Device, DeviceCounters, Work } from '@selfjudge/engine';
import type { Metrics } from './means.js';

/** What a step spends its time on; `data` is the choice of its examples, `other` what is none of the rest. */
export const phases = [
  'data',
  'generate',
  'judge',
  'reference',
  'update',
  'eval',
  'checkpoint',
  'other',
] as const;
export type Phase = (typeof phases)[number];

/** Seconds of wall time, and the device's work in them. */
export interface TimedWork extends Work {
  seconds: number;
}

/** A line of profile.jsonl: all that happened since the line before it. */
export interface ProfileRow {
  /** Steps done. */
  step: number;
  phases: Partial<Record<Phase, TimedWork>>;
  /** By the native name of the op. */
  ops: Record<string, Work>;
}

/** Where the time goes and what the device does in it, phase after phase. */
export class Profile {
  #phases: ProfileRow['phases'] = {};
  #lapped = performance.now();
  #seen: DeviceCounters;
  #taken: DeviceCounters;

  constructor(private readonly device: Device) {
    this.#seen = this.#taken = device.counters();
  }

  /**
   * Ends a phase: what happened since the last one ended was this one. Waits for the device, so that work is timed where
   * it was asked for.
   */
  async lap(phase: Phase): Promise<void> {
    const counters = this.device.counters();
    if (counters.calls !== this.#seen.calls) await this.device.sync();
    const now = performance.now();
    const work = difference(counters, this.#seen);
    const before = this.#phases[phase] ?? { seconds: 0, ...NONE };
    this.#phases[phase] = {
      seconds: before.seconds + (now - this.#lapped) / 1000,
      ...sum(before, work),
    };
    this.#lapped = now;
    this.#seen = counters;
  }

  /** The phases that ended since it was last called. */
  take(): Omit<ProfileRow, 'step'> {
    const before = new Map(this.#taken.ops.map(({ op, ...work }) => [op, work]));
    const ops = this.#seen.ops.flatMap(({ op, ...work }) => {
      const added = difference(work, before.get(op) ?? NONE);
      return added.calls > 0 ? [[op, added] as const] : [];
    });
    const taken = { phases: this.#phases, ops: Object.fromEntries(ops) };
    this.#phases = {};
    this.#taken = this.#seen;
    return taken;
  }
}

/** `time/<phase>` in seconds; of phases that computed also `flops/<phase>` and, of device memory, `bytes/<phase>`. */
export function phaseMetrics({ phases: ended }: Pick<ProfileRow, 'phases'>): Metrics {
  const metrics: Metrics = {};
  const works = phases.flatMap((phase) => (ended[phase] === undefined ? [] : [{ phase, ...ended[phase] }]));
  const computed = works.filter(({ calls }) => calls > 0);
  for (const { phase, seconds } of works) metrics[`time/${phase}`] = seconds;
  for (const { phase, flops } of computed) metrics[`flops/${phase}`] = flops;
  for (const { phase, bytes } of computed) metrics[`bytes/${phase}`] = bytes;
  return metrics;
}

const NONE: Work = { calls: 0, flops: 0, bytes: 0 };

const sum = (a: Work, b: Work): Work => ({
  calls: a.calls + b.calls,
  flops: a.flops + b.flops,
  bytes: a.bytes + b.bytes,
});

const difference = (a: Work, b: Work): Work => ({
  calls: a.calls - b.calls,
  flops: a.flops - b.flops,
  bytes: a.bytes - b.bytes,
});
