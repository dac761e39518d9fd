// Prints benchmarks/results/*.json as Markdown: node benchmarks/report.mjs > docs/performance.md
import { readFileSync, readdirSync } from 'node:fs';

const folder = new URL('results/', import.meta.url);
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .sort();

const shape = (of) =>
  Object.entries(of)
    .map(([key, value]) => `${key} ${Array.isArray(value) ? value.join(' ') : value}`)
    .join(', ');
const number = (value) => (value === undefined ? '-' : Number(value.toPrecision(3)).toString());
const row = (...cells) => `| ${cells.join(' | ')} |`;

function section(file) {
  const { machine, versions, results } = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
  const { path, device, ...peers } = versions;
  const where = device ?? `${machine.cpu}, ${machine.cores} cores`;
  const sameShape = new Set(results.map((r) => JSON.stringify(r.shape))).size === 1;
  const tflops = results.some((r) => r.ours_tflops !== undefined);
  const lines = [
    `## ${file.replace('.json', '')}`,
    '',
    `${where}; kernels ${path}; host ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}; ` +
      `${Object.entries(peers)
        .map(([name, version]) => `${name} ${version}`)
        .join(', ')}. Peer: ${results.find((r) => r.peer_name)?.peer_name}.`,
    ...(sameShape ? ['', `Shape: ${shape(results[0].shape)}.`] : []),
    '',
    row(
      ...(sameShape ? ['what'] : ['what', 'shape']),
      'ours',
      'peer',
      'ratio',
      'spread',
      ...(tflops ? ['TFLOP/s', 'peak memory, ours / peer (MB)'] : []),
    ),
    row(...Array((sameShape ? 5 : 6) + (tflops ? 2 : 0)).fill('---')),
  ];
  for (const r of results) {
    const what = r.metric === 'time' ? r.name : r.metric;
    lines.push(
      row(
        ...(sameShape ? [what] : [what, shape(r.shape)]),
        `${number(r.ours)} ${r.unit}`,
        r.peer === undefined ? '-' : `${number(r.peer)} ${r.unit}`,
        r.ratio === undefined ? '-' : `${r.ratio.toFixed(2)}x`,
        r.spread.toFixed(2),
        ...(tflops
          ? [
              number(r.ours_tflops),
              `${Math.round(r.ours_peak_mb)} / ${r.peer_peak_mb ? Math.round(r.peer_peak_mb) : '-'}`,
            ]
          : []),
      ),
    );
  }
  return lines.join('\n');
}

process.stdout.write(`# Performance

Ours and the peer in one run, their turns interleaved on the same work; medians; ratio above 1 when ours takes less; spread is
that of the ratio over rounds, (largest - smallest) / median. Made by \`node benchmarks/report.mjs\` from
\`benchmarks/results\`; measured by \`pnpm bench [NAME] [--device cuda] --json FILE\`.

A call is timed from the program: ours from JavaScript, the peer's from Python. At a few microseconds that measures the cost
of a call more than the kernel. TFLOP/s count the maths as written; attention counts what each row of each sequence attends
to, unshared, so sharing a prompt shows as speed. The step bench on a GPU uses random weights of SmolLM2-135M's shape.

${files.map(section).join('\n\n')}
`);
