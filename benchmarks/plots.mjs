// Plots benchmarks/results/*.scaling.json: node benchmarks/plots.mjs writes docs/plots/<machine>.<what>.svg.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { scalingFiles } from './scaling/plotted.mjs';

/** By metric: the key of the shape that grows, the label of its axis, and whether its values double. */
const AXES = {
  prefill: { key: 'tokens', label: 'prompt length (tokens)', doubles: true },
  'decode step': { key: 'answers', label: 'answers to one prompt', doubles: true },
  'judge a pair': { key: 'principles', label: 'principles', doubles: false },
  'forward of a step': { key: 'width', label: 'model width (hidden size)', doubles: true },
};

const folder = new URL('../docs/plots/', import.meta.url);
const threadsLabel = (n) => (n === undefined ? 'GPU' : `${n} thread${n === 1 ? '' : 's'}`);

/** A log scale a little wider than the values, with 1, 2 and 5 of each decade marked. */
function logScale(values) {
  const [low, high] = [Math.min(...values) / 1.3, Math.max(...values) * 1.3];
  const decades = Array.from({ length: 24 }, (_, i) => 10 ** (i - 12));
  const ticks = decades.flatMap((decade) => [1, 2, 5].map((n) => n * decade));
  return { type: 'log', domain: [low, high], ticks: ticks.filter((tick) => tick >= low && tick <= high) };
}

/** The SVG of one metric: a line for each number of threads. */
export function plot(results, metric) {
  const { key, label, doubles } = AXES[metric];
  const rows = results
    .filter((r) => r.metric === metric)
    .map(({ shape, ours }) => ({ x: shape[key], ms: ours * 1e3, model: shape.model, threads: shape.threads }))
    .sort((a, b) => a.x - b.x);
  const sizes = [...new Set(rows.map(({ x }) => x))];
  const names = new Map(rows.map(({ x, model }) => [x, model]));
  const series = [...new Set(rows.map(({ threads }) => threads))].sort().map(threadsLabel);
  const last = new Map(rows.map((row) => [row.threads, row]));
  const line = { x: 'x', y: 'ms', stroke: ({ threads }) => threadsLabel(threads) };
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const svg = Plot.plot({
    document,
    width: 640,
    height: 360,
    marginLeft: 60,
    marginRight: 80,
    marginTop: 32,
    marginBottom: 48,
    style: { background: 'white', color: '#222', fontFamily: 'sans-serif', fontSize: '13px' },
    // Both axes of one kind, so that time in proportion to the size is a straight line.
    x: {
      type: doubles ? 'log' : 'linear',
      base: doubles ? 2 : undefined,
      ticks: sizes,
      tickFormat: (x) => (key === 'width' ? `${names.get(x)}\n${x}` : String(x)),
      label,
      labelAnchor: 'center',
      labelArrow: 'none',
      inset: 8,
    },
    y: {
      ...(doubles ? logScale(rows.map(({ ms }) => ms)) : { zero: true, nice: true, ticks: 6 }),
      grid: true,
      label: `${metric} (ms)`,
      labelArrow: 'none',
      tickFormat: (ms) => String(Number(ms.toPrecision(3))),
    },
    color: { domain: series, range: ['#1f77b4', '#d95f02'] },
    marks: [
      Plot.line(rows, line),
      Plot.dot(rows, { ...line, fill: 'white', r: 4 }),
      // A name at the end of each line in place of a legend.
      Plot.text([...last.values()], {
        x: 'x',
        y: 'ms',
        text: ({ threads }) => threadsLabel(threads),
        fontSize: 13,
        fill: line.stroke,
        dx: 10,
        textAnchor: 'start',
      }),
    ],
  });
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  return `${svg.outerHTML}\n`;
}

function main() {
  mkdirSync(folder, { recursive: true });
  for (const { path, plots } of scalingFiles()) {
    const { results } = JSON.parse(readFileSync(path, 'utf8'));
    for (const { metric, file } of plots) writeFileSync(new URL(file, folder), plot(results, metric));
  }
}
if (import.meta.url === pathToFileURL(process.argv[1]).href) main();
