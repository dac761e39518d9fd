import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { DrawnChart } from './charts.js';
import { dataFor, escaped, section } from './html.js';

const shipped = (name: string) => readFileSync(new URL(`../../assets/${name}`, import.meta.url), 'utf8');

/** What a page is made of. Texts are shown as they stand; `html` is HTML. */
export interface Page {
  title: string;
  heading: string;
  /** One line below the heading. */
  about: string;
  /** The first needs no link: it is what is seen. */
  parts: readonly (readonly [id: string, title: string, html: string])[];
  /** Those that the parts have places for, in the order of their indices. */
  charts: readonly DrawnChart[];
}

/** A page as one HTML file that asks for nothing from anywhere: styles, the plotting library and the data are in it. */
export function htmlPage({ title, heading, about, parts, charts }: Page): string {
  const uplot = dirname(createRequire(import.meta.url).resolve('uplot'));
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
<header><h1>${escaped(heading)}</h1><p>${escaped(about)}</p>
<nav>${parts
    .slice(1)
    .map(([id]) => `<a href="#${id}">${id}</a>`)
    .join(' ')}</nav></header>
<main>
${parts.map((part) => section(...part)).join('\n')}
</main>
${dataFor('charts', charts)}
<script>${readFileSync(join(uplot, 'uPlot.iife.min.js'), 'utf8')}</script>
<script>${shipped('report.js')}</script>
</body>
</html>
`;
}

/** Places for charts. @param from the index of the first among those of the page */
export const chartsHtml = (all: readonly DrawnChart[], from: number): string =>
  `<div class="charts">${all.map(({ title, unit }, i) => figure(title, unit, from + i)).join('\n')}</div>`;

const figure = (title: string, unit: string, index: number): string =>
  `<figure><figcaption>${escaped(title)}${unit === '' ? '' : ` <small>${escaped(unit)}</small>`}</figcaption>` +
  `<div class="chart" data-chart="${index}"></div></figure>`;
