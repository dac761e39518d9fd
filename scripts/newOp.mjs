// pnpm new:op NAME [--like OP]: all an op consists of (docs/adding-a-kernel.md), made for a small op that builds and passes as
// it stands. What to make one's own is marked EDIT.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as prettier from 'prettier';
import { EDITS } from './newOp/edits.mjs';
import { readLike } from './newOp/like.mjs';
import { contractOf, cpuKernelOf, cudaKernelOf } from './newOp/likeNative.mjs';
import { benchOf, casesOf, wrapperOf, wrongCallsOf } from './newOp/likeTypeScript.mjs';
import { NewOpError, checkName } from './newOp/name.mjs';
import { PATHS } from './opPaths.mjs';
import { writeOpTable } from './opTable.mjs';
import { ensureSystemPackages } from './setup.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const USAGE = `usage: pnpm new:op NAME [--like OP]
  NAME       of the op's wrapper, in lowerCamelCase: scaledSquare has the stem scaled_square
  --like OP  take over the inputs, outputs and numbers of an op that is there (pnpm ops lists them): each output is then
             the sum of the inputs that have its shape. Without it the op is y = scale * x^2.
Makes contract, CPU kernel, CUDA kernel, wrapper, cases, wrong calls and bench of an op and its backward, ready to build and
pass, and prints the places to edit. ${PATHS.guide} goes on from there.
`;

/** Template of each file of an op. */
const TEMPLATES = (name, stem) => ({
  [`${PATHS.contracts}/${stem}.h`]: 'contract.h',
  [`${PATHS.cpu}/${stem}.cpp`]: 'kernel.cpp',
  [`${PATHS.cuda}/${stem}.cu`]: 'kernel.cu',
  [`${PATHS.wrappers}/${name}.ts`]: 'wrapper.ts',
  [`${PATHS.cases}/${name}.ts`]: 'cases.ts',
  [`${PATHS.bench}/${name}.mjs`]: 'bench.mjs',
  [`${PATHS.peers}/${stem}.py`]: 'peer.py',
});

/** The text as the formatters want it: names are of any length. */
async function formatted(path, text) {
  if (/\.(ts|mjs)$/.test(path)) {
    const options = await prettier.resolveConfig(join(root, path));
    return prettier.format(text, { ...options, filepath: path });
  }
  if (/\.(h|cpp|cu)$/.test(path)) {
    const args = [`--assume-filename=${join(root, path)}`];
    const result = spawnSync('clang-format-15', args, { input: text, encoding: 'utf8' });
    if (result.status !== 0) throw new Error(`clang-format-15 ${path}: ${result.stderr}`);
    return result.stdout;
  }
  return text;
}

/** The small op, as its files and the row of its wrong calls. */
function simpleOp({ name, stem }) {
  const files = new Map();
  for (const [path, template] of Object.entries(TEMPLATES(name, stem))) {
    const text = readFileSync(join(root, 'scripts/newOp/templates', template), 'utf8');
    files.set(path, text.replaceAll('op_stem', stem).replaceAll('opName', name));
  }
  const wrongCalls = `entry(engine.${name}, { x: arg(matrix, firstNotFloats), scale: arg(0.5, notNumber(-1e30, 1e30)) })`;
  return { files, wrongCalls, differentiable: true };
}

/** The same for an op made like another. */
function opLike({ name, stem, like, shape }) {
  const of = { root, name, stem, like };
  const files = new Map([
    [`${PATHS.contracts}/${stem}.h`, contractOf(shape, of)],
    [`${PATHS.cpu}/${stem}.cpp`, cpuKernelOf(shape, of)],
    [`${PATHS.cuda}/${stem}.cu`, cudaKernelOf(shape, of)],
    [`${PATHS.wrappers}/${name}.ts`, wrapperOf(shape, of)],
    [`${PATHS.cases}/${name}.ts`, casesOf(shape, of)],
    [`${PATHS.bench}/${name}.mjs`, benchOf(shape, of)],
  ]);
  return { files, wrongCalls: wrongCallsOf(shape, of), differentiable: shape.gradients.length > 0 };
}

async function scaffold(given, like) {
  const { name, stem } = checkName(root, given, (name, stem) => Object.keys(TEMPLATES(name, stem)));
  ensureSystemPackages({ checks: true });
  const op =
    like === undefined ? simpleOp({ name, stem }) : opLike({ name, stem, like, shape: readLike(root, like) });
  const { files } = op;
  const made = [...files.keys()];
  for (const [path, edit] of Object.entries(EDITS))
    files.set(path, edit(readFileSync(join(root, path), 'utf8'), { name, stem, ...op }));
  // Everything is ready before anything is written.
  for (const [path, text] of files) files.set(path, await formatted(path, text));
  for (const [path, text] of files) writeFileSync(join(root, path), text);
  writeOpTable(root);
  return { files, made, name };
}

/** FILE:LINE: what to edit there. Of a list, the lines of this op alone. */
function placesToEdit({ files, made, name }) {
  const marked = (path, line) => line.includes(made.includes(path) ? 'EDIT:' : `EDIT: ${name}, `);
  return [...files].flatMap(([path, text]) =>
    text
      .split('\n')
      .flatMap((line, i) =>
        marked(path, line)
          ? [`${path}:${i + 1}: ${line.split('EDIT: ')[1].replace(/ ?(\*\/|""")$/, '')}`]
          : [],
      ),
  );
}

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' }, like: { type: 'string' } },
  });
  if (values.help) {
    process.stdout.write(USAGE);
  } else {
    if (positionals.length > 1)
      throw new NewOpError('NAME', { expected: 'one name', received: positionals.join(' ') });
    const result = await scaffold(positionals[0], values.like);
    const edited = [...Object.keys(EDITS), PATHS.guide].map((path) => `changed ${path}`);
    process.stdout.write(
      `${[...result.made.map((path) => `made    ${path}`), ...edited, 'to edit:', ...placesToEdit(result)].join('\n')}\n`,
    );
  }
} catch (error) {
  const misused = error instanceof NewOpError || error.code?.startsWith('ERR_PARSE_ARGS');
  process.stderr.write(misused ? `${error.message}\n${USAGE}` : `${error.stack}\n`);
  process.exitCode = misused ? 2 : 1;
}
