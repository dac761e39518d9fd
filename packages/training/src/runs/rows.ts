import type { Metrics } from '../metrics/means.js';
import type { ProfileRow, TimedWork } from '../metrics/profile.js';
import type { LogFormat } from './log.js';

/** A line of metrics.jsonl. */
export interface MetricsRow {
  step: number;
  epoch: number;
  metrics: Metrics;
}

const isStep = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** null stands for a number that was not finite; what is neither is left out. */
export const METRICS_FORMAT: LogFormat<MetricsRow> = {
  expected: 'metrics in JSON with their step',
  rowOf({ step, epoch, ...values }) {
    if (!isStep(step)) return undefined;
    const metrics = Object.entries(values).flatMap(([name, value]) => {
      if (value === null) return [[name, NaN]];
      return typeof value === 'number' ? [[name, value]] : [];
    });
    return {
      step,
      epoch: typeof epoch === 'number' ? epoch : NaN,
      metrics: Object.fromEntries(metrics) as Metrics,
    };
  },
};

export const PROFILE_FORMAT: LogFormat<ProfileRow> = {
  expected: 'a profile in JSON with its step, phases and ops',
  rowOf({ step, phases, ops }) {
    const counted = ['calls', 'flops', 'bytes'];
    if (!isStep(step) || !areWorks(phases, ['seconds', ...counted]) || !areWorks(ops, counted))
      return undefined;
    return { step, phases: phases as Record<string, TimedWork>, ops };
  },
};

export const SAMPLES_FORMAT: LogFormat<Record<string, unknown>> = {
  expected: 'a sample, a JSON object',
  rowOf: (value) => value,
};

/** An object whose values have these numbers. */
function areWorks(value: unknown, keys: readonly string[]): value is Record<string, TimedWork> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every(
    (work: Record<string, unknown> | null) =>
      typeof work === 'object' && keys.every((key) => typeof work?.[key] === 'number'),
  );
}
