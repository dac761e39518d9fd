// pnpm new:method NAME: a method's file, its test and its line in the list (docs/adding-a-method.md), made for a small method
// that trains, resumes and passes as it stands. What to make one's own is marked EDIT.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as prettier from 'prettier';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const FOLDER = 'packages/training/src/methods';
const LIST = `${FOLDER}/index.ts`;
const USAGE = `usage: pnpm new:method NAME
  NAME  of the method, in lowerCamelCase: scaledLoss has the verb scaled-loss
Makes ${FOLDER}/NAME.ts and its test, adds a line to ${LIST}, and prints the places to edit.
docs/adding-a-method.md goes on from there.
`;

function refuse(expected, received) {
  process.stderr.write(`[new:method] NAME: expected ${expected}, received ${received}\n${USAGE}`);
  process.exit(2);
}

/** The list with one more method at its end. */
function listed(text, name, verb) {
  const key = verb === name ? name : `'${verb}': ${name}`;
  return text
    .replace(/\n\n\/\*\* Every method/, `\nimport { ${name} } from './${name}.js';$&`)
    .replace(/(export const METHODS = \{[^}]*?),?\n\};/, `$1,\n  ${key},\n};`);
}

const [name, ...more] = process.argv.slice(2);
if (name === '--help' || name === '-h') {
  process.stdout.write(USAGE);
  process.exit(0);
}
if (name === undefined) refuse('the name of a method in lowerCamelCase', 'none');
if (more.length > 0) refuse('one name', [name, ...more].join(' '));
if (!/^[a-z][a-z0-9]*(?:[A-Z][a-z0-9]+)*$/.test(name)) refuse('lowerCamelCase, as in scaledLoss', name);
const files = [`${FOLDER}/${name}.ts`, `${FOLDER}/${name}.test.ts`];
const there = files.find((path) => existsSync(join(root, path)));
if (there !== undefined) refuse('a method whose files are not there', `${name}: ${there} is there`);

const verb = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const capital = name[0].toUpperCase() + name.slice(1);
const template = (file) =>
  readFileSync(join(root, 'scripts/newMethod/templates', file), 'utf8')
    .replaceAll('methodName', name)
    .replaceAll('MethodName', capital);
const texts = new Map([
  [files[0], template('method.ts')],
  [files[1], template('test.ts')],
  [LIST, listed(readFileSync(join(root, LIST), 'utf8'), name, verb)],
]);
for (const [path, text] of texts) {
  const options = await prettier.resolveConfig(join(root, path));
  texts.set(path, await prettier.format(text, { ...options, filepath: path }));
}
for (const [path, text] of texts) writeFileSync(join(root, path), text);
const places = texts
  .get(files[0])
  .split('\n')
  .flatMap((line, i) =>
    line.includes('EDIT: ')
      ? [`${files[0]}:${i + 1}: ${line.split('EDIT: ')[1].replace(/ ?\*\/$/, '')}`]
      : [],
  );
process.stdout.write(
  `${[`made    ${files[0]}: options, task, words of the verb ${verb}`, `made    ${files[1]}: that it learns and resumes`, `changed ${LIST}: the list of methods`, 'to edit:', ...places].join('\n')}\n`,
);
