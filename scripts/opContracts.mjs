// The contracts of all ops as the addon's contracts() gives them, read from their headers by the C++ preprocessor: no build
// is needed. test/ops.lint.test.ts wants both to agree.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { PATHS } from './opPaths.mjs';

const ROLES = { In: 'in', Optional: 'optional', InOut: 'inout', InOutOptional: 'inout_optional', Out: 'out' };
const DTYPES = { F32: ['float32'], BF16: ['bf16'], I32: ['int32'], FLOATS: ['float32', 'bf16'] };

/** Contracts in the order of SJ_OPS. */
export function readContracts(root) {
  const text = preprocessed(root);
  const [, list] = text.match(/^enum sj_op\b[^{]*\{([^}]*)\}/m);
  return [...list.matchAll(/\bSJ_OP_(\w+),/g)].map(([, op]) => {
    const body = text.match(new RegExp(`^namespace (?:selfjudge::ops::)?${op} \\{\\n([^]*?)^\\}$`, 'm'))?.[1];
    if (body === undefined)
      throw new Error(`${PATHS.contracts}: expected a namespace ${op} { ... }, received none`);
    const spec = body.match(/\bContract spec = ([^;]*);/)[1];
    return {
      op,
      tensors: tableOf(body, 'tensors').map(tensorOf),
      numbers: tableOf(body, 'numbers').map(numberOf),
      tree: spec.startsWith('with_tree('),
    };
  });
}

function preprocessed(root) {
  const compiler = process.env['CXX'] ?? 'c++';
  const args = ['-E', '-P', '-x', 'c++', join(root, PATHS.list)];
  const { status, stdout, stderr, error } = spawnSync(compiler, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${compiler} ${args.join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}

/** The rows of a table, each a list of its fields as they are written. */
function tableOf(body, name) {
  const table = body.match(new RegExp(`Spec ${name}\\[\\] = \\{([^]*?)\\};`))?.[1] ?? '';
  return [...table.matchAll(/(\w+)?(?:\{|\()((?:"[^"]*"|[^"(){}])*)(?:\}|\))/g)].map(([, made, row]) => {
    const fields = row.match(/(?:"[^"]*"\s*)+|[^,"]+/g).map((field) => field.trim());
    return { made, fields: fields.filter((field) => field !== '') };
  });
}

/** The value of a C++ literal: neighbouring strings are one. */
function literal(text) {
  if (text === undefined || text === 'nullptr') return null;
  if (text.startsWith('"')) return [...text.matchAll(/"([^"]*)"/g)].map(([, part]) => part).join('');
  if (text === 'true' || text === 'false') return text === 'true';
  const [, power, rest] = /^0x1p(\d+)(.*)$/.exec(text) ?? [undefined, undefined, text];
  const value =
    power === undefined ? Number(rest) : 2 ** Number(power) + Number(rest.replace(/\s/g, '') || 0);
  if (Number.isNaN(value)) throw new Error(`expected a C++ literal, received ${text}`);
  return value;
}

function tensorOf({ fields: [name, role, dtypes, ...rest] }) {
  const [shape, like = null, panels = false, when = null] = rest.map(literal);
  return {
    name: literal(name),
    role: ROLES[role.replace('Role::', '')],
    dtypes: dtypes.split('|').flatMap((set) => DTYPES[set.trim()]),
    shape,
    panels,
    like,
    when,
  };
}

function numberOf({ made, fields }) {
  const [name, min, max, integer = false] = fields.map(literal);
  if (made !== 'words') return { name, min, max, integer, names: null };
  const names = min.split(' ');
  return { name, min: 0, max: names.length - 1, integer: true, names };
}
