import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { DrawnChart } from './charts.js';
import { dataFor, escaped, htmlDocument, section } from './html.js';

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
  const style = `${readFileSync(join(uplot, 'uPlot.min.css'), 'utf8')}\n${shipped('report.css')}`;
  const links = parts.slice(1).map(([id]) => `<a href="#${id}">${id}</a>`);
  const body = `<header><h1>${escaped(heading)}</h1><p>${escaped(about)}</p>
<nav>${links.join(' ')}</nav></header>
<main>
${parts.map((part) => section(...part)).join('\n')}
</main>
${dataFor('charts', charts)}
<script>${readFileSync(join(uplot, 'uPlot.iife.min.js'), 'utf8')}</script>
<script>${shipped('report.js')}</script>`;
  return htmlDocument(title, style, body, true);
}

/** Places for charts. @param from the index of the first among those of the page */
export const chartsHtml = (all: readonly DrawnChart[], from: number): string =>
  `<div class="charts">${all.map(({ title, unit }, i) => figure(title, unit, from + i)).join('\n')}</div>`;

const figure = (title: string, unit: string, index: number): string =>
  `<figure><figcaption>${escaped(title)}${unit === '' ? '' : ` <small>${escaped(unit)}</small>`}</figcaption>` +
  `<div class="chart" data-chart="${index}"></div></figure>`;
