// A result as blocks of text, tables and plots, which a Markdown page and an HTML page are made of.
import { escaped } from '../packages/selfjudge/dist/report/html.js';

/** @typedef {{kind: 'text', text: string} | {kind: 'table', head: string[], rows: string[][]} | {kind: 'plot', title: string, svg: string}} Block */

export const text = (...lines) => ({ kind: 'text', text: lines.join(' ') });

const WIDTH = 128;
/** Lines as long as those of other documents. */
function wrapped(paragraph) {
  const lines = [''];
  for (const word of paragraph.split(' ')) {
    const line = lines.at(-1);
    if (line !== '' && line.length + 1 + word.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join('\n');
}

const row = (cells) => `| ${cells.join(' | ')} |`;
/** A Markdown table. */
export const table = (head, rows) => [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

const MARKDOWN = {
  text: ({ text }) => wrapped(text),
  table: ({ head, rows }) => table(head, rows),
  // Plots are on the HTML page.
  plot: () => undefined,
};

/** A page. @param sections titles with their blocks; a title of none comes first */
export const markdown = (title, sections) =>
  `${[
    `# ${title}`,
    ...sections.flatMap(({ title, blocks }) => [
      ...(title === undefined ? [] : [`## ${title}`]),
      ...blocks.map((block) => MARKDOWN[block.kind](block)),
    ]),
  ]
    .filter((part) => part !== undefined)
    .join('\n\n')}\n`;

/** `code` and **strong** of a text, everything else as it stands. */
const inline = (text) =>
  escaped(text)
    .replaceAll(/&#96;(.*?)&#96;|`(.*?)`/g, '<code>$1$2</code>')
    .replaceAll(/\*\*(.*?)\*\*/g, '<strong>$1</strong>');
const cells = (tag, of) =>
  of
    .map(
      (cell, i) =>
        `<${i === 0 && tag === 'td' ? 'th scope="row"' : tag}>${inline(cell)}</${i === 0 && tag === 'td' ? 'th' : tag}>`,
    )
    .join('');
const HTML = {
  text: ({ text }) => `<p>${inline(text)}</p>`,
  table: ({ head, rows }) =>
    `<div class="scroll"><table class="results"><thead><tr>${cells('th', head)}</tr></thead><tbody>${rows
      .map((row) => `<tr>${cells('td', row)}</tr>`)
      .join('')}</tbody></table></div>`,
  plot: ({ title, svg }) => `<figure><figcaption>${inline(title)}</figcaption>${svg}</figure>`,
};
export const html = (blocks) => blocks.map((block) => HTML[block.kind](block)).join('\n');
