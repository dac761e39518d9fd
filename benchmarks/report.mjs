// Prints benchmarks/results/*.json as Markdown: node benchmarks/report.mjs > docs/performance.md. Its plots are of plots.mjs.
import { readFileSync, readdirSync } from 'node:fs';
import { shapeText } from './harness.mjs';
import { plotsOf } from './scaling/plotted.mjs';

const folder = new URL('results/', import.meta.url);
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .sort();

const number = (value) => (value === undefined ? '-' : Number(value.toPrecision(3)).toString());
const whole = (value) => (value ? Math.round(value) : '-');
/** '1' is the unit of a plain number. */
const amount = (value, unit) =>
  value === undefined ? '-' : `${number(value)}${unit === '1' ? '' : ` ${unit}`}`;
const row = (...cells) => `| ${cells.join(' | ')} |`;

function section(file) {
  const bench = file.split('.').at(-2);
  const { machine, versions, results } = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
  const { path, device, ...peers } = versions;
  // A bench of no kernels is of its host alone.
  const where =
    path === undefined ? '' : `${device ?? `${machine.cpu}, ${machine.cores} cores`}; kernels ${path}; `;
  const sameShape = new Set(results.map((r) => JSON.stringify(r.shape))).size === 1;
  const peerNames = [...new Set(results.map((r) => r.peer_name).filter(Boolean))];
  const fastest = Math.max(0, ...results.map((r) => r.ours_tflops ?? 0));
  // What a row says, column by column; a column that says nothing in this file, or the same in every row, is left out.
  const columns = {
    what: (r) => (r.metric === 'time' ? r.name : `${r.name === bench ? '' : `${r.name}, `}${r.metric}`),
    ...(sameShape ? {} : { shape: (r) => shapeText(r.shape) || '-' }),
    ours: (r) => amount(r.ours, r.unit),
    ...(peerNames.length > 0 ? { peer: (r) => amount(r.peer, r.unit) } : {}),
    ...(peerNames.length > 1 ? { 'peer is': (r) => r.peer_name ?? '-' } : {}),
    ...(peerNames.length > 0
      ? { ratio: (r) => (r.ratio === undefined ? '-' : `${r.ratio.toFixed(2)}x`) }
      : {}),
    spread: (r) => r.spread.toFixed(2),
    ...(fastest >= 1 ? { 'TFLOP/s': (r) => number(r.ours_tflops) } : {}),
    ...(fastest > 0 && fastest < 1 ? { 'GFLOP/s': (r) => number(r.ours_tflops && r.ours_tflops * 1e3) } : {}),
    ...(results.some((r) => r.ours_gbs !== undefined) ? { 'GB/s': (r) => number(r.ours_gbs) } : {}),
    ...(results.some((r) => r.peer_peak_mb !== undefined)
      ? { 'peak memory, ours / peer (MB)': (r) => `${whole(r.ours_peak_mb)} / ${whole(r.peer_peak_mb)}` }
      : {}),
  };
  const lines = [
    `## ${file.replace('.json', '')}`,
    '',
    `${where}host ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}` +
      Object.entries(peers)
        .map(([name, version], i) => `${i === 0 ? ';' : ','} ${name} ${version}`)
        .join('') +
      `.${peerNames.length === 1 ? ` Peer: ${peerNames[0]}.` : ''}`,
    ...(sameShape ? ['', `Shape: ${shapeText(results[0].shape)}.`] : []),
    ...plotsOf(file).map(({ metric, file }) => `\n![${metric}](plots/${file})`),
    '',
    row(...Object.keys(columns)),
    row(...Object.keys(columns).map(() => '---')),
    ...results.map((r) => row(...Object.values(columns).map((cell) => cell(r)))),
  ];
  return lines.join('\n');
}

process.stdout.write(`# Performance

Ours and the peer in one run, their turns interleaved on the same work, every other round the other way around; medians; the
ratio, above 1 when ours is better, is the median over rounds (in results without a number of rounds, of the medians); spread is
that of the ratio, of ours where there is no peer: (largest - smallest) / median, from five rounds on of the quartiles. Made by
\`node benchmarks/report.mjs\` from \`benchmarks/results\`; measured by \`pnpm bench [NAME] [--device cuda] --json FILE\`;
plots by \`node benchmarks/plots.mjs\`. Speed beside another commit: \`pnpm bench NAME --beside DIR\`, DIR being a built
checkout of it.

A call is timed from the program: ours from JavaScript, the peer's from Python. At a few microseconds that measures the cost
of a call more than the kernel. The benches \`gemm\` and, forward, \`head\` compare kernels: ours run in Programs, oneDNN from
C++, many calls a turn. TFLOP/s count the maths as written; attention counts what each row of each sequence attends
to, unshared, so sharing a prompt shows as speed. \`ops\` counts operations and bytes as the contracts of the ops do; a share of a
ceiling is the time that the call's bytes take to be read again and again by all threads (from the cache that holds them, or from
memory), or that its operations take on registers, whichever is longer, over the call's own. How far a phase of the step is from the arithmetic floor of its machine is its
GFLOP/s against the register ceiling, which \`gemm\` measures. The step bench on a GPU uses random weights of SmolLM2-135M's shape.
In \`large-model\` ours reads the file as it opens it, the peer maps it and reads as it scores: look at the two together. Each turn is
a process of its own; its peak of memory is that of the process, mapped pages of the file included. Its times on zen5-2core were taken
beside other programs, and differ by the round as their spreads say. So were those of \`data\`, one round with six to eighteen programs that wanted
its two cores: there processor time says what the work costs.

The results named amx-2core are of one or two rounds on two cores of a larger machine whose other cores were busy: read their ratios, and those
with a wide spread (0.00 says that there was one round) with care.

${files.map(section).join('\n\n')}
`);
