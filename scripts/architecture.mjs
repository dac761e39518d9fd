// node scripts/architecture.mjs: draws the packages, what each is for (its package.json says so) and what it imports into
// docs/architecture.md, between the two markers. test/imports.test.ts wants it current.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { packageGraph, readPackages, roomGraph } from './imports.mjs';

const PAGE = 'docs/architecture.md';
const [BEGIN, END] = ['<!-- packages: node scripts/architecture.mjs -->', '<!-- /packages -->'];
const WIDTH = 118;

/** The picture of the sources below `root`: packages from top to bottom, in layers, each above all that it imports. */
export function architecture(root) {
  const packages = readPackages(root);
  const graph = packageGraph(packages);
  // The kit is for tests: it is no part of what stands on what.
  const shown = [...packages.values()].filter(({ name }) => name !== '@selfjudge/testing');
  const layers = layersOf(new Map(shown.map(({ name }) => [name, graph.get(name)])));
  const lines = layers.flatMap((names, i) => {
    const drawn = names.flatMap((name) => drawPackage(packages.get(name), [...graph.get(name)], packages));
    return i === 0 ? drawn : ['', ...drawn];
  });
  return ['```', ...lines, '```'].join('\n');
}

/** The picture as the page has it. */
export function drawn(root) {
  const page = readFileSync(join(root, PAGE), 'utf8');
  const [from, to] = placeIn(page);
  return page.slice(from, to).trim();
}

function drawPackage({ folder, manifest, ...one }, uses, packages) {
  const left = folder.padEnd(22);
  const indent = ' '.repeat(left.length);
  const names = uses.map((name) => packages.get(name).folder.replace('packages/', ''));
  const lines = [...wrap(manifest.description, WIDTH - left.length)];
  if (names.length > 0) lines.push(...wrap(`─► ${names.join(', ')}`, WIDTH - left.length));
  const rooms = new Map(
    [...roomGraph({ folder, ...one })]
      .filter(([room]) => !room.includes('.'))
      .map(([room, others]) => [room, new Set([...others].filter((other) => !other.includes('.')))]),
  );
  if (rooms.size > 1) {
    for (const room of layersOf(rooms).flat()) {
      const others = [...rooms.get(room)].sort();
      lines.push(`  ${room}/${others.length > 0 ? ` ─► ${others.join(', ')}` : ''}`);
    }
  }
  return lines.map((line, i) => `${i === 0 ? left : indent}${line}`.trimEnd());
}

/** Names by layer, the topmost first: one more than the layers of all it uses that are below. */
function layersOf(graph) {
  const heights = new Map();
  const height = (name, above = []) => {
    if (above.includes(name)) throw new Error(`a circle of imports: ${[...above, name].join(' -> ')}`);
    if (!heights.has(name)) {
      const below = [...graph.get(name)].filter((other) => graph.has(other));
      heights.set(name, 1 + Math.max(-1, ...below.map((other) => height(other, [...above, name]))));
    }
    return heights.get(name);
  };
  const layers = [];
  for (const name of [...graph.keys()].sort()) (layers[height(name)] ??= []).push(name);
  return layers.reverse();
}

function wrap(text, width) {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}

function placeIn(page) {
  const from = page.indexOf(BEGIN) + BEGIN.length;
  const to = page.indexOf(END);
  if (from < BEGIN.length || to < from) throw new Error(`${PAGE}: expected ${BEGIN} and below it ${END}`);
  return [from, to];
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  const page = readFileSync(join(root, PAGE), 'utf8');
  const [from, to] = placeIn(page);
  writeFileSync(join(root, PAGE), `${page.slice(0, from)}\n\n${architecture(root)}\n\n${page.slice(to)}`);
}
