// Draws the charts of the page: each takes the width it is given, and all show the same step under the pointer.
(() => {
  const charts = JSON.parse(document.getElementById('charts').textContent);
  const sync = uPlot.sync('step');
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const HEIGHT = 220;
  const drawn = new Map();

  function draw(place) {
    const { keys, data, range, x } = charts[Number(place.dataset.chart)];
    const axis = {
      stroke: colour('--quiet'),
      grid: { stroke: colour('--line'), width: 1 },
      ticks: { show: false },
      font: '12px system-ui, sans-serif',
    };
    const short = (value) => (value === null ? '-' : String(Number(value.toPrecision(4))));
    const options = {
      width: Math.max(200, place.clientWidth),
      height: HEIGHT,
      scales: { x: { time: false, ...(x && { range: [0.5, 1] }) }, ...(range && { y: { range } }) },
      cursor: { ...(!x && { sync: { key: sync.key } }), focus: { prox: 24 } },
      focus: { alpha: 0.4 },
      legend: { live: true },
      axes: [axis, { ...axis, size: 56, values: (_, ticks) => ticks.map(short) }],
      series: [
        { label: x ?? 'step' },
        ...keys.map((label, i) => ({
          label,
          stroke: colour(`--series-${(i % 6) + 1}`),
          width: 2,
          spanGaps: true,
          points: { show: data[0].length < 60 },
          value: (_, value) => (value == null ? '-' : short(value)),
        })),
      ],
    };
    drawn.get(place)?.destroy();
    drawn.set(place, new uPlot(options, data, place));
  }

  const places = [...document.querySelectorAll('.chart')];
  places.forEach(draw);
  const sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const plot = drawn.get(target);
      const width = Math.max(200, target.clientWidth);
      if (plot !== undefined && plot.width !== width) plot.setSize({ width, height: HEIGHT });
    }
  });
  places.forEach((place) => sizes.observe(place));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => places.forEach(draw));
})();
