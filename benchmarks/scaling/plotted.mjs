// Which plots there are of which results: plots.mjs draws them, report.mjs shows them.
import { readdirSync } from 'node:fs';

const results = new URL('../results/', import.meta.url);
const PLOTTED = {
  prefill: 'prefill',
  'decode step': 'decode',
  'judge a pair': 'judge',
  'forward of a step': 'forward',
};

/** The plots of a results file, by its name. */
export const plotsOf = (name) =>
  name.endsWith('.scaling.json')
    ? Object.entries(PLOTTED).map(([metric, what]) => ({
        metric,
        file: `${name.replace('.scaling.json', '')}.${what}.svg`,
      }))
    : [];

export const scalingFiles = () =>
  readdirSync(results)
    .filter((name) => name.endsWith('.scaling.json'))
    .map((name) => ({ path: new URL(name, results), plots: plotsOf(name) }));
