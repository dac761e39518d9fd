import type { DataReport } from '../rows/dataReport.js';
import { figure, table } from './table.js';

export type UnitReport = DataReport & { unit: 'tokens' | 'characters' };

const WIDTH = 100;
/** Places that are named; `--json` has all. */
const MOST = 20;

export function inspectText(report: UnitReport): string {
  const columns = Object.entries(report.columns).map(([name, count]) => [
    cut(oneLine(name), 60),
    String(count),
  ]);
  const shown = report.shown.flatMap(({ file, line, kind, prompt, answers }) => [
    cut(`${file}:${line} (${kind})`),
    ...[prompt, ...answers].map((text, i) =>
      cut(`  ${i === 0 ? 'prompt' : `answer ${i}`}: ${oneLine(text)}`),
    ),
  ]);
  return [counted(report), '', table(['column', 'rows'], columns), '', ...shown].join('\n');
}

export function statsText(report: UnitReport): string {
  const { lengths, labels, longerWins, duplicates, repeatedPrompts, conflicts, unit } = report;
  const rows = Object.entries(lengths).map(([name, { count, mean, median, p95, max }]) => [
    name,
    ...[count, mean, median, p95, max].map(figure),
  ]);
  const { pairs, longer, equal } = longerWins;
  return [
    counted(report),
    '',
    table([unit, 'texts', 'mean', 'median', '95%', 'most'], rows),
    '',
    ...(Object.keys(labels).length > 0
      ? [
          `labels: ${Object.entries(labels)
            .map(([label, count]) => `${label} ${count}`)
            .join(', ')}`,
        ]
      : []),
    ...(pairs > 0
      ? [`the better answer is the longer one in ${longer} of ${pairs} pairs, as long in ${equal}`]
      : []),
    `duplicates: ${duplicates}; first questions asked before: ${repeatedPrompts}; conflicts: ${conflicts.length}`,
  ].join('\n');
}

export function validateText(report: UnitReport): string {
  const places = [
    ...report.leftOut.map(({ file, line, code, reason }) => `${file}:${line} ${code}: ${oneLine(reason)}`),
    ...report.conflicts.map(
      ({ file, line, first }) => `${file}:${line} conflict: says the contrary of ${first.file}:${first.line}`,
    ),
  ];
  const more = places.length > MOST ? [`and ${places.length - MOST} more (--json names all)`] : [];
  return [counted(report), ...places.slice(0, MOST).map((place) => cut(place)), ...more].join('\n');
}

function counted({ rows, kinds, shapes, leftOut, conflicts }: DataReport): string {
  const known = Object.keys(shapes).filter((name) => name !== 'own' && name !== 'unknown');
  const of = known.length > 0 ? ` (${known.join(', ')})` : '';
  const read = Object.entries(kinds).map(([kind, count]) => `${count} ${kind}`);
  return cut(
    `${rows} rows${of}: ${read.length > 0 ? read.join(', ') : 'none of use'}; ${leftOut.length} left out, ${conflicts.length} in conflict`,
  );
}

const oneLine = (text: string): string => text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
const cut = (text: string, most = WIDTH): string =>
  text.length > most ? `${text.slice(0, most - 3)}...` : text;
