// node scripts/readme.mjs: puts the committed results into the README's table and draws its picture, docs/pictures/tree.*.svg.
// test/readme.test.ts wants all of it current.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { interval, plain, span } from '../testbed/statistics.mjs';

const VOTE = 'DPO on the vote';

const LADDER = 'docs/results/testbed/ladder.json';
const BEST_OF = 'docs/results/testbed/bestOf.json';
const BLOCK = /(<!-- results: node scripts\/readme\.mjs -->\n)[^]*?(\n<!-- \/results -->)/;
/** What the README shows of the best of N. */
const N = 16;

const resultsOf = (rows) => JSON.parse(rows).rows.map(({ result }) => result);

/**
 * What the README says of the testbed: each way to train, and the best of its answers.
 * @param ladder, bestOf rows of these tables of the testbed, as on file
 */
export function resultsTable({ ladder, bestOf }) {
  const seeds = resultsOf(ladder);
  const over = (pick) => interval(seeds.map(pick));
  const chosen = resultsOf(bestOf);
  const rows = seeds[0].rungs.map(({ name }, i) => {
    const of = (pick) => over(({ rungs }) => pick(rungs[i]));
    const best = (by) => {
      const golds = chosen.map(
        (all) =>
          all
            .find((row) => row.policy === name && row.by === by && row.how === 'knock-out')
            ?.chosen.find(({ n }) => n === N).gold,
      );
      return golds.includes(undefined) ? '' : interval(golds).mean.toFixed(3);
    };
    return [
      name,
      plain(of(({ gold }) => gold)),
      name === VOTE ? '' : span(of(({ over: { value } }) => value)),
      of(({ judge }) => judge.accuracy.value).mean.toFixed(2),
      best('frozen start'),
      best('frozen start + reference'),
    ];
  });
  const head = [
    '',
    'gold [95%]',
    `less ${VOTE} [95%]`,
    'judge right on its answers',
    `best of ${N}`,
    '+ reference',
  ];
  const widths = head.map((cell, i) => Math.max(cell.length, 3, ...rows.map((row) => row[i].length)));
  const line = (cells) => `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** @returns the README with the table in it */
export function withResults(readme, results) {
  if (!BLOCK.test(readme)) throw new Error('README.md: expected the marks of its results, received none');
  return readme.replace(BLOCK, (_, before, after) => `${before}\n${resultsTable(results)}\n${after}`);
}

const COLOURS = {
  light: {
    paper: '#ffffff',
    ink: '#1f2328',
    quiet: '#6b7280',
    line: '#c9c5bd',
    shared: '#e8f2ee',
    edge: '#1f6f5c',
  },
  dark: {
    paper: '#0d1117',
    ink: '#e6e6e3',
    quiet: '#9aa1ab',
    line: '#3d434b',
    shared: '#1f302b',
    edge: '#6cc3aa',
  },
};
const [WIDTH, HEIGHT, GAP] = [860, 262, 20];

/** The three trees: what each shares at its root, and what branches from there. */
const TREES = [
  {
    title: 'Sampling',
    root: ['prompt'],
    leaves: [['answer 1'], ['answer 2'], ['answer N']],
    note: 'N answers, one prompt',
  },
  {
    title: 'Judging',
    root: ['question, prompt'],
    leaves: [
      ['A: answer 1', 'B: answer 2', 'better: A or B'],
      ['A: answer 2', 'B: answer 1', 'better: A or B'],
    ],
    note: 'both orders, one head',
  },
  { title: 'Training', root: ['prompt'], leaves: [['chosen'], ['rejected']], note: 'both sides, one prompt' },
];

/** The picture of the README as SVG. @param scheme light or dark */
export function treePicture(scheme) {
  const { paper, ink, quiet, line, shared, edge } = COLOURS[scheme];
  const width = (WIDTH - GAP * (TREES.length + 1)) / TREES.length;
  const text = (x, y, content, attributes = '') =>
    `<text x="${x}" y="${y}" text-anchor="middle" ${attributes}>${content}</text>`;
  const box = (x, y, w, lines, isShared) =>
    `<rect x="${x}" y="${y}" width="${w}" height="${14 + 20 * lines.length}" rx="7" fill="${isShared ? shared : paper}" ` +
    `stroke="${isShared ? edge : line}"/>` +
    lines.map((content, i) => text(x + w / 2, y + 22 + 20 * i, content)).join('');
  const trees = TREES.map(({ title, root, leaves, note }, i) => {
    const x = GAP + i * (width + GAP);
    const leaf = (width - 10 * (leaves.length - 1)) / leaves.length;
    const top = 62 + 14 + 20 * root.length;
    const branches = leaves.map((lines, n) => {
      const at = x + n * (leaf + 10);
      const [from, to] = [x + width / 2, at + leaf / 2];
      const curve = `<path d="M${from} ${top}C${from} ${top + 28} ${to} ${top + 20} ${to} ${top + 48}" fill="none" stroke="${edge}" stroke-width="1.5"/>`;
      return curve + box(at, top + 48, leaf, lines, false);
    });
    return (
      text(x + width / 2, 40, title, `font-weight="600" font-size="17"`) +
      box(x + 30, 62, width - 60, root, true) +
      branches.join('') +
      text(x + width / 2, HEIGHT - 8, note, `fill="${quiet}"`)
    );
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" ` +
    `font-family="system-ui, sans-serif" font-size="14" fill="${ink}">` +
    `<title>What is shared is computed once: samples share their prompt, both orders of a judgment their head, both sides of a pair their prompt</title>` +
    `${trees.join('')}</svg>\n`
  );
}

export const SCHEMES = Object.keys(COLOURS);
export const picturePath = (scheme) => `docs/pictures/tree.${scheme}.svg`;

if (argv[1] === fileURLToPath(import.meta.url)) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  const read = (path) => readFileSync(join(root, path), 'utf8');
  writeFileSync(
    join(root, 'README.md'),
    withResults(read('README.md'), { ladder: read(LADDER), bestOf: read(BEST_OF) }),
  );
  mkdirSync(join(root, 'docs/pictures'), { recursive: true });
  for (const scheme of SCHEMES) writeFileSync(join(root, picturePath(scheme)), treePicture(scheme));
}
