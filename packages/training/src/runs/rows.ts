import type { Metrics } from '../metrics/means.js';
import type { ProfileRow, TimedWork } from '../metrics/profile.js';
import { COUNT, type Fields } from './jsonFields.js';
import type { LogFormat } from './log.js';

/** A line of metrics.jsonl. */
export interface MetricsRow {
  step: number;
  epoch: number;
  metrics: Metrics;
}

/** null stands for a number that was not finite; what is neither is left out. */
export const METRICS_FORMAT: LogFormat<MetricsRow> = {
  expected: 'metrics in JSON with their step',
  rowOf({ step, epoch, ...values }) {
    if (!COUNT.fits(step)) return undefined;
    return { step, epoch: typeof epoch === 'number' ? epoch : NaN, metrics: metricsOf(values) };
  },
};

/** What a file says of metrics. */
export function metricsOf(values: Fields): Metrics {
  const metrics: Metrics = {};
  for (const [name, value] of Object.entries(values)) {
    if (value === null) metrics[name] = NaN;
    else if (typeof value === 'number') metrics[name] = value;
  }
  return metrics;
}

export const PROFILE_FORMAT: LogFormat<ProfileRow> = {
  expected: 'a profile in JSON with its step, phases and ops',
  rowOf({ step, phases, ops }) {
    const counted = ['calls', 'flops', 'bytes'];
    if (!COUNT.fits(step) || !areWorks(phases, ['seconds', ...counted]) || !areWorks(ops, counted))
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
