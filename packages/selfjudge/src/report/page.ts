import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bracket } from './brackets.js';
import { judgePanel, reliabilityChart } from './judgePanel.js';
import { chartsOf, type DrawnChart } from './charts.js';
import { dataFor, escaped, facts, section } from './html.js';
import { kept, reading } from './reading.js';
import type { RunReport } from './runReport.js';
import { sampledPairs } from './sampledPairs.js';

const shipped = (name: string) => readFileSync(new URL(`../../assets/${name}`, import.meta.url), 'utf8');

/**
 * The report of a run as one HTML file that asks for nothing from anywhere: styles, the plotting library and the data are in it.
 * @param next the command that comes after the run
 */
export function reportPage(report: RunReport, next?: string): string {
  const uplot = dirname(createRequire(import.meta.url).resolve('uplot'));
  const { name, facts: run, config, environment, fingerprints, hubNames, summary, rows } = report;
  const { curves, judge } = chartsOf(rows);
  const sentences = reading(report, next).map((text) => `<li>${escaped(text)}</li>`);
  const charts = (all: DrawnChart[], from: number) =>
    `<div class="charts">${all.map(({ title, unit }, i) => figure(title, unit, from + i)).join('\n')}</div>`;
  const none = '<p class="quiet">Nothing was measured yet.</p>';
  const pairs = sampledPairs(report);
  const { held, tournaments } = report;
  const ofJudge = [...(held === undefined ? [] : [reliabilityChart(held.calibration)]), ...judge];
  const cups = tournaments.map(
    ({ name: of, rows: all }) => `<h3>${escaped(of)}</h3>${all.map(bracket).join('\n')}`,
  );
  const parts: [id: string, title: string, html: string][] = [
    ['reading', 'In four sentences', `<ol class="reading">${sentences.join('\n')}</ol>`],
    ['curves', 'Curves', curves.length === 0 ? none : charts(curves, 0)],
    [
      'judge',
      'The judge',
      (held === undefined ? notMeasured(run.verb) : judgePanel(held.calibration, held.step)) +
        charts(ofJudge, curves.length),
    ],
    ['samples', 'Sampled pairs', pairs === '' ? '<p class="quiet">No pairs were sampled.</p>' : pairs],
    [
      'tournaments',
      'Tournaments',
      cups.length === 0
        ? '<p class="quiet">No tournament was held in this run (raft holds them; so does generate --best_of, whose rows are shown by runs open --answers).</p>'
        : cups.join('\n'),
    ],
    ['configuration', 'Configuration', facts(Object.entries(config))],
    ['environment', 'Environment', facts(Object.entries(environment))],
    [
      'lineage',
      'Lineage',
      facts([
        ['started from', config.model_name_or_path ?? ''],
        ...Object.entries(hubNames),
        ...Object.entries(fingerprints).map(([key, value]): [string, string] => [
          `fingerprint of ${key}`,
          value,
        ]),
        ...Object.entries(summary).filter(([key]) => key !== 'last'),
      ]),
    ],
  ];
  const title = `${name}: ${run.verb}, ${run.status} after ${run.step} steps`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>${escaped(title)}</title>
<style>${readFileSync(join(uplot, 'uPlot.min.css'), 'utf8')}
${shipped('report.css')}</style>
</head>
<body>
<header><h1>${escaped(name)}</h1><p>${escaped(
    [run.verb, run.status, `${run.step} steps`, kept(report)]
      .filter((part) => part !== undefined)
      .join(' · '),
  )}</p>
<nav>${parts
    .slice(1)
    .map(([id]) => `<a href="#${id}">${id}</a>`)
    .join(' ')}</nav></header>
<main>
${parts.map((part) => section(...part)).join('\n')}
</main>
${dataFor('charts', [...curves, ...ofJudge])}
<script>${readFileSync(join(uplot, 'uPlot.iife.min.js'), 'utf8')}</script>
<script>${shipped('report.js')}</script>
</body>
</html>
`;
}

/** What is not known of the judge, and what would tell it. */
function notMeasured(verb: string): string {
  const how =
    verb === 'jsft'
      ? 'labelled pairs in eval_dataset_name, with eval_steps, measure it while it learns; evaluate measures it afterwards'
      : 'the run that taught the judge tells it, where it had an eval_dataset_name; evaluate does too';
  return `<p class="quiet">How often the judge is right was not measured in this run: ${how}.</p>`;
}

const figure = (title: string, unit: string, index: number): string =>
  `<figure><figcaption>${escaped(title)}${unit === '' ? '' : ` <small>${escaped(unit)}</small>`}</figcaption>` +
  `<div class="chart" data-chart="${index}"></div></figure>`;
