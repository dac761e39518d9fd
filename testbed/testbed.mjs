// The tables of the testbed, and the page of those that have rows.
import { worldDefaults } from '../packages/selfjudge/dist/world/settings.js';
import { text } from './blocks.mjs';
import { claims } from './claims.mjs';
import { losses } from './losses.mjs';
import { publish, publishHtml } from './page.mjs';
import { byCell, rowsOnFile } from './rows.mjs';
import { percent } from './statistics.mjs';
import { bestOf, bestOfSections } from './tables/bestOf.mjs';
import { labels, labelSections, sizes, sizeSections, writers, writerSections } from './tables/conditions.mjs';
import { course, courseSections } from './tables/course.mjs';
import { judges, judgeSections } from './tables/judges.mjs';
import { ladder, ladderSections } from './tables/ladder.mjs';
import { rivalry, rivalrySections } from './tables/rivalry.mjs';
import { rounds, roundSections } from './tables/rounds.mjs';

const SECTIONS = [
  [ladder, ladderSections],
  [labels, labelSections],
  [writers, writerSections],
  [course, courseSections],
  [bestOf, bestOfSections],
  [rounds, roundSections],
  [judges, judgeSections],
  [rivalry, rivalrySections],
  [sizes, sizeSections],
];
export const hourTables = [ladder, course, bestOf];
export const fullTables = SECTIONS.map(([table]) => table);

/** An interval over seeds takes at least two. */
const LEAST = 2;

/** The title and sections of the page: what loses first, then the claims, then every table that has rows of two seeds. */
export function testbedSections() {
  const found = new Map();
  for (const table of fullTables) {
    const cells = byCell(table, rowsOnFile(table)).filter(({ results }) => results.length >= LEAST);
    if (cells.length > 0) found.set(table.name, cells);
  }
  const { pairs, labelNoise, steps } = worldDefaults;
  const intro = text(
    `\`pnpm testbed --full\`: ${pairs} labelled pairs of which each label is wrong with probability ${percent(labelNoise)}, ${steps} steps of self-training on`,
    'prompts that nobody labelled, unless a table says otherwise. Held-out prompts, scored once by the exact rules of the world; every choice before was',
    "made on dev prompts by the frozen judge itself. Mean and 95% interval over seeds by Student's t. Rows: docs/results/testbed.",
  );
  return {
    title: 'What self-judgment is worth in the small world',
    sections: [
      { blocks: [intro, ...losses(found)] },
      { title: 'What the paper claims', blocks: claims(found) },
      ...SECTIONS.flatMap(([{ name }, sectionsOf]) =>
        found.has(name) ? withSeeds(sectionsOf(found.get(name)), found.get(name)) : [],
      ),
    ],
  };
}

/** Writes docs/results/testbed.{md,html}. */
export function testbedPage() {
  const { title, sections } = testbedSections();
  publish('testbed', title, sections);
  publishHtml('testbed', title, sections);
}

/** The first section of a table says of which seeds it is; cells of others say so by themselves. */
function withSeeds([first, ...others], cells) {
  const of = cells.map(({ cell, seeds }) => [cell, seeds.join(', ')]);
  const same = of.every(([, seeds]) => seeds === of[0][1]);
  const said = same ? of[0][1] : of.map(([cell, seeds]) => `${seeds} (${cell})`).join('; ');
  return [{ ...first, blocks: [text(`Seeds: ${said}.`), ...first.blocks] }, ...others];
}
