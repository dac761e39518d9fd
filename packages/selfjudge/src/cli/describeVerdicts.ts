import type { Estimate } from '@selfjudge/evaluation';
import type { VerdictSummary } from '@selfjudge/evaluation/internal';
import type { RowsSummary } from '../inference/knownVerdicts.js';
import { interval, table } from './table.js';

const MEASURES: readonly [name: string, of: (summary: VerdictSummary) => Estimate | undefined][] = [
  ['accuracy', ({ accuracy }) => accuracy],
  ['ties', ({ ties }) => ties],
  ['no verdict', ({ nulls }) => nulls],
  ['both orders agree', ({ positionConsistency }) => positionConsistency],
  ['first shown wins', ({ firstRate }) => firstRate],
];

/** What is said of verdicts, as a person reads it: measures that there is nothing for have no line. */
export function describeVerdicts({ by, ...all }: RowsSummary): string {
  const lines = MEASURES.flatMap(([name, of]) => {
    const estimate = of(all);
    return estimate === undefined ? [] : [[name, interval(estimate), String(estimate.n)]];
  });
  const parts = [`Verdicts on ${all.rows} rows\n${table(['', 'value [95%]', 'n'], lines)}`];
  if (by !== undefined) {
    const measured = MEASURES.filter(([, of]) => of(all) !== undefined);
    const rows = by.values.map((summary) => [
      summary.value,
      ...measured.map(([, of]) => {
        const estimate = of(summary);
        return estimate === undefined || estimate.n === 0 ? '-' : `${interval(estimate, 2)} of ${estimate.n}`;
      }),
    ]);
    parts.push(table([by.column, ...measured.map(([name]) => name)], rows));
  }
  return parts.join('\n\n');
}
