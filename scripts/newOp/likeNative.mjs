// The contract and the kernels of an op made like another: each output is the sum of the inputs of its shape.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const DTYPES = { 'float32,bf16': 'FLOATS', float32: 'F32', bf16: 'BF16', int32: 'I32' };
const ROLES = { in: 'In', optional: 'Optional', out: 'Out' };

/** native/include/ops/STEM.h */
export function contractOf(shape, { stem, like }) {
  const { inputs, outputs, upstream, gradients } = shape;
  const forward = namespaceOf(stem, [...inputs, ...outputs], shape);
  const backward = namespaceOf(`${stem}_backward`, [...inputs, ...upstream, ...gradients], shape);
  return `// op_stem. EDIT: the maths, and its source. As it stands each output is the sum of the inputs that have its
// shape and dtype, 0 where none has; the backward is that of the sum. Inputs and outputs are those of ${like}.
#pragma once
#include "../contract.h"
namespace selfjudge::ops {
// EDIT: the tensors and numbers, and the tables that say their roles, dtypes, shapes and ranges.
${forward}${gradients.length > 0 ? backward : ''}}  // namespace selfjudge::ops
`.replaceAll('op_stem', stem);
}

function namespaceOf(op, tensors, { numbers, tree }) {
  const table = numbers.length === 0 ? '' : `, numbers`;
  const spec = `contract("${op}", tensors${table})`;
  return `namespace ${op} {
enum Tensor { ${tensors.map(({ slot }) => slot).join(', ')} };
${numbers.length === 0 ? '' : `enum Number { ${numbers.map(({ name }) => name.toUpperCase()).join(', ')} };\n`}\
inline constexpr TensorSpec tensors[] = {
${tensors.map((tensor) => `    ${tensorRow(tensor)},\n`).join('')}};
${numbers.length === 0 ? '' : `inline constexpr NumberSpec numbers[] = {${numbers.map(numberRow).join(', ')}};\n`}\
inline constexpr Contract spec = ${tree ? `with_tree(${spec})` : spec};
}  // namespace ${op}
`;
}

function tensorRow({ name, role, dtypes, shape, like, panels, when }) {
  const quoted = (text) => (text === null ? 'nullptr' : `"${text}"`);
  const rest = [quoted(like), String(panels && role !== 'out'), quoted(when)];
  while (rest.length > 0 && ['nullptr', 'false'].includes(rest.at(-1))) rest.pop();
  return `{${[quoted(name), `Role::${ROLES[role]}`, DTYPES[dtypes.join()], quoted(shape), ...rest].join(', ')}}`;
}

function numberRow({ name, min, max, integer, names }) {
  if (names !== null) return `words("${name}", "${names.join(' ')}")`;
  return `{"${name}", ${min}, ${max}${integer ? ', true' : ''}}`;
}

const slots = (tensors) => tensors.map(({ slot }) => slot).join(', ');

/** native/backends/cpu/STEM.cpp */
export function cpuKernelOf({ sums }, { root, stem }) {
  const run = (op, parts) => `size_t workspace_${op}(const sj_call&) { return 0; }
int32_t run_${op}(const sj_call& call, sj_error*) {
  using namespace ops::${op};
  // EDIT: what each output is.
${parts.map(([out, terms]) => `  sum(call, {${slots(terms)}}, ${out.slot});\n`).join('')}  return SJ_OK;
}`;
  return filled(root, 'kernel.cpp', { op_stem: stem, FUNCTIONS: functions(run, stem, sums) });
}

/** native/backends/cuda/STEM.cu */
export function cudaKernelOf({ sums }, { root, stem }) {
  const run = (op, parts) => `size_t workspace_${op}(const sj_call&) { return 0; }
int32_t run_${op}(const sj_call& call, Context& context, sj_error* error) {
  using namespace ops::${op};
  // EDIT: what each output is.
${parts
  .map(([out, terms]) => `sum(call, context, {${slots(terms)}}, ${out.slot}, error)`)
  .map((call, i, { length }) =>
    i === length - 1
      ? `  return ${call};\n`
      : `  if (const int32_t code = ${call}; code != SJ_OK) return code;\n`,
  )
  .join('')}}`;
  const most = Math.max(1, ...[...sums.forward, ...sums.backward].map(([, terms]) => terms.length));
  const pointers = Array.from({ length: most }, (_, i) => `f.terms[${i}],`).join(' ');
  const values = { op_stem: stem, TERMS: most, POINTERS: pointers, FUNCTIONS: functions(run, stem, sums) };
  return filled(root, 'kernel.cu', values);
}

function functions(run, stem, { forward, backward }) {
  const both = [run(stem, forward), ...(backward.length > 0 ? [run(`${stem}_backward`, backward)] : [])];
  return both.join('\n\n');
}

function filled(root, template, values) {
  const text = readFileSync(join(root, 'scripts/newOp/templates/like', template), 'utf8');
  return Object.entries(values).reduce((all, [word, value]) => all.replaceAll(word, () => value), text);
}
