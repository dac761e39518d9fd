import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { escaped, htmlDocument } from '../packages/selfjudge/dist/report/html.js';
import { html, markdown } from './blocks.mjs';

const place = (name, kind) => fileURLToPath(new URL(`../docs/results/${name}.${kind}`, import.meta.url));
const asset = (name) => readFileSync(new URL(name, import.meta.url), 'utf8');
const id = (title) => title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');

/** Writes sections to docs/results as Markdown, and shows them. */
export function publish(name, title, sections) {
  const page = markdown(title, sections);
  writeFileSync(place(name, 'md'), page);
  process.stdout.write(page);
}

/** The same as one HTML page with plots, which asks for nothing from anywhere. */
export function htmlPage(title, sections) {
  const titled = sections.filter((section) => section.title !== undefined);
  const parts = sections.map(({ title: heading, blocks }) =>
    heading === undefined
      ? `<section>${html(blocks)}</section>`
      : `<section id="${id(heading)}"><h2>${escaped(heading)}</h2>\n${html(blocks)}\n</section>`,
  );
  const style = `${asset('../packages/selfjudge/assets/report.css')}\n${asset('page.css')}`;
  const links = titled.map(({ title: heading }) => `<a href="#${id(heading)}">${escaped(heading)}</a>`);
  const body = `<header><h1>${escaped(title)}</h1>
<nav>${links.join(' ')}</nav></header>
<main>
${parts.join('\n')}
</main>`;
  return htmlDocument(title, style, body);
}

export const publishHtml = (name, title, sections) =>
  writeFileSync(place(name, 'html'), htmlPage(title, sections));
