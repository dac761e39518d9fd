// Plots of results, drawn once: SVG in the colours of the page, light or dark.
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

const SERIES = ['--series-1', '--series-2', '--series-3', '--series-4', '--series-5', '--series-6'].map(
  (name) => `var(${name})`,
);

/**
 * Lines with intervals, one a series.
 * @param points {x, series, mean, low, high}; a point without bounds is a point
 * @param x.log values that double or grow tenfold are equally far apart; x.names what stands at a value
 */
export function lines(title, points, { x, y }) {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const series = [...new Set(points.map((point) => point.series))];
  const values = [...new Set(points.map((point) => point.x))].sort((a, b) => a - b);
  const channel = { x: 'x', y: 'mean', stroke: 'series' };
  const last = new Map(points.map((point) => [point.series, point]));
  const svg = Plot.plot({
    document,
    width: 640,
    height: 330,
    marginLeft: 52,
    marginRight: 20,
    marginBottom: 44,
    style: { background: 'transparent', color: 'currentColor', fontFamily: 'inherit', fontSize: '13px' },
    x: {
      type: x.log ? 'log' : 'linear',
      ticks: values,
      tickFormat: (value) => x.names?.[value] ?? String(value),
      label: x.label,
      labelAnchor: 'center',
      labelArrow: 'none',
      inset: 12,
    },
    y: { grid: true, nice: true, ticks: 6, label: y.label, labelArrow: 'none' },
    color: { domain: series, range: SERIES, legend: false },
    marks: [
      Plot.ruleX(
        points.filter(({ low }) => low !== undefined),
        { x: 'x', y1: 'low', y2: 'high', stroke: 'series', strokeOpacity: 0.45, strokeWidth: 2 },
      ),
      Plot.line(points, { ...channel, strokeWidth: 2 }),
      Plot.dot(points, { ...channel, fill: 'series', r: 3.5 }),
    ],
  });
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', title);
  const legend = [...last.keys()]
    .map((name, i) => `<span><i style="background:${SERIES[i]}"></i>${name.replaceAll('<', '&lt;')}</span>`)
    .join('');
  return { kind: 'plot', title, svg: `<div class="legend">${legend}</div>${svg.outerHTML}` };
}
