import type { Metrics } from './means.js';

/** What was measured of held-out rows, and of each of them what is worth writing down. */
export interface Measured {
  metrics: Metrics;
  rows?: readonly object[];
}
