// pnpm new:op NAME: all an op consists of (docs/adding-a-kernel.md), made for a small elementwise op that builds and passes
// as it stands. What to make one's own is marked EDIT.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as prettier from 'prettier';
import { EDITS } from './newOp/edits.mjs';
import { NewOpError, checkName } from './newOp/name.mjs';
import { ensureSystemPackages } from './setup.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const USAGE = `usage: pnpm new:op NAME
  NAME  of the op's wrapper, in lowerCamelCase: scaledSquare has the stem scaled_square
Makes contract, CPU kernel, CUDA kernel, wrapper, cases and bench of an op y = scale * x^2 with its backward, ready to
build and pass, and prints the places to edit. docs/adding-a-kernel.md goes on from there.
`;

/** Template of each file of an op. */
const TEMPLATES = (name, stem) => ({
  [`native/include/ops/${stem}.h`]: 'contract.h',
  [`native/backends/cpu/${stem}.cpp`]: 'kernel.cpp',
  [`native/backends/cuda/${stem}.cu`]: 'kernel.cu',
  [`packages/engine/src/tensor/ops/${name}.ts`]: 'wrapper.ts',
  [`packages/testing/src/cases/${name}.ts`]: 'cases.ts',
  [`benchmarks/ops/ours/${name}.mjs`]: 'bench.mjs',
  [`benchmarks/peers/ops/${stem}.py`]: 'peer.py',
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

async function scaffold(given) {
  const { name, stem } = checkName(root, given, (name, stem) => Object.keys(TEMPLATES(name, stem)));
  ensureSystemPackages({ checks: true });
  const files = new Map();
  for (const [path, template] of Object.entries(TEMPLATES(name, stem))) {
    const text = readFileSync(join(root, 'scripts/newOp/templates', template), 'utf8');
    files.set(path, text.replaceAll('op_stem', stem).replaceAll('opName', name));
  }
  const made = [...files.keys()];
  for (const [path, edit] of Object.entries(EDITS))
    files.set(path, edit(readFileSync(join(root, path), 'utf8'), { name, stem }));
  // Everything is ready before anything is written.
  for (const [path, text] of files) files.set(path, await formatted(path, text));
  for (const [path, text] of files) writeFileSync(join(root, path), text);
  return { files, made };
}

/** FILE:LINE: what to edit there. */
function placesToEdit({ files, made }) {
  return made.flatMap((path) =>
    files
      .get(path)
      .split('\n')
      .flatMap((line, i) =>
        line.includes('EDIT:')
          ? [`${path}:${i + 1}: ${line.split('EDIT: ')[1].replace(/ ?(\*\/|""")$/, '')}`]
          : [],
      ),
  );
}

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    process.stdout.write(USAGE);
  } else {
    if (positionals.length > 1)
      throw new NewOpError('NAME', { expected: 'one name', received: positionals.join(' ') });
    const result = await scaffold(positionals[0]);
    const edited = Object.keys(EDITS).map((path) => `changed ${path}`);
    process.stdout.write(
      `${[...result.made.map((path) => `made    ${path}`), ...edited, 'to edit:', ...placesToEdit(result)].join('\n')}\n`,
    );
  }
} catch (error) {
  const misused = error instanceof NewOpError || error.code?.startsWith('ERR_PARSE_ARGS');
  process.stderr.write(misused ? `${error.message}\n${USAGE}` : `${error.stack}\n`);
  process.exitCode = misused ? 2 : 1;
}
