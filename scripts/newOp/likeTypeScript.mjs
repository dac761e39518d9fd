// Wrapper, cases, bench and row of wrong calls of an op made like another.
import { PATHS } from '../opPaths.mjs';

const TYPES = { activation: 'Tensor', float32: 'Tensor', ints: 'Tensor', weight: 'Weight' };
const WORDS = { activation: 'float32 or bf16', float32: 'float32', ints: 'int32', weight: 'float32 or bf16' };
const isOptional = ({ role }) => role === 'optional';
const ids = (list) => list.map(({ id }) => id).join(', ');

/** Parameters in the order of the wrapper: tensors that are always there, the tree, numbers, tensors that may be absent. */
function parametersOf({ inputs, numbers, tree }) {
  const tensor = (input) => ({ id: input.id, input, type: TYPES[input.kind] });
  const word = ({ names }) => (names === null ? 'number' : names.map((name) => `'${name}'`).join(' | '));
  return [
    ...inputs.filter((input) => !isOptional(input)).map(tensor),
    ...(tree ? [{ id: 'tree', type: 'DeviceTree' }] : []),
    ...numbers.map((number) => ({ id: number.id, number, type: word(number) })),
    ...inputs.filter(isOptional).map((input) => ({ ...tensor(input), optional: true })),
  ];
}

export function wrapperOf(shape, { name, stem, like }) {
  const { inputs, outputs, upstream, gradients, numbers, tree } = shape;
  const parameters = parametersOf(shape);
  const weights = inputs.filter(({ kind }) => kind === 'weight');
  const conditional = outputs.some(({ when }) => when !== null);
  const typeOf = ({ when }) => (when === null ? 'Tensor' : 'Tensor | undefined');
  const passed = inputs.map((input) => (input.kind === 'weight' ? packed(input) : input.id));
  const rest = tree ? `, [${ids(numbers)}], tree` : numbers.length > 0 ? `, [${ids(numbers)}]` : '';
  const one = outputs.length === 1;
  const kept = inputs.map((input) => (input.kind === 'weight' ? `${input.id}: ${packed(input)}` : input.id));
  const saved = [...inputs.map(({ id }) => `saved.${id}`), ...upstream.map(({ id }) => id)];
  const back = `enqueue('${stem}_backward', [${saved.join(', ')}]${rest})`;
  const floats = outputs.filter(({ kind }) => kind !== 'ints');
  const recorded = `record({
    op: '${name}',
    inputs: [${ids(inputs.filter(({ kind }) => kind === 'activation'))}],
    outputs: [${ids(floats)}]${conditional ? '.filter((output) => output !== undefined)' : ''},
    // EDIT: what the backward reads, and how the gradients of the inputs come from those of the outputs.
    save: () => ({ ${kept.join(', ')} }),${tree ? '\n    release: tree.hold(),' : ''}
    backward: ([${ids(upstream)}], saved) => ${upstream[0]?.role === 'in' ? `(${upstream[0].id} === undefined ? [] : ${back})` : back},
  });`;
  const traced = inputs.filter(({ kind }) => kind === 'activation');
  const wrapped = tree ? `if (isTraced([${ids(traced)}])) {\n  ${recorded}\n  }` : recorded;
  const imports = [
    `import { enqueue } from '../enqueue.js';`,
    ...(gradients.length > 0 ? [`import { ${tree ? 'isTraced, ' : ''}record } from '../recording.js';`] : []),
    `import type { Tensor } from '../tensor.js';`,
    ...(tree ? [`import type { DeviceTree } from '../deviceTree.js';`] : []),
    ...(weights.length > 0 ? [`import { packedOf, type Weight } from '../weight.js';`] : []),
  ];
  return `${imports.join('\n')}

/**
 * EDIT: the maths, its source, and what the tensors are. As it stands a result is the sum of the inputs of its shape; inputs
 * and results are those of ${like}.
${parameters
  .filter(({ input }) => input !== undefined)
  .map(({ id, input }) => ` * @param ${id} ${WORDS[input.kind]} [${input.words.join(', ')}].\n`)
  .join('')} */
export function ${name}(${parameters.map(({ id, type, optional }) => `${id}${optional ? '?' : ''}: ${type}`).join(', ')}): ${one ? typeOf(outputs[0]) : `{ ${outputs.map((y) => `${y.id}: ${typeOf(y)}`).join('; ')} }`} {
${weights.map(packing(stem)).join('')}\
  const [${ids(outputs)}] = enqueue('${stem}', [${passed.join(', ')}]${rest}) as [${outputs.map(typeOf).join(', ')}];
${gradients.length > 0 ? `  ${wrapped}\n` : ''}\
  return ${one ? outputs[0].id : `{ ${ids(outputs)} }`};
}
`;
}

const packed = ({ id }) => `${id}Packed`;
const packing = (stem) => (input) => {
  const call = `packedOf(${input.id}, '${stem}', '${input.name}')`;
  const value = isOptional(input) ? `${input.id} && ${call}` : call;
  return `  const ${packed(input)} = ${value};\n`;
};

/** What stands for the sizes in a shape: `rest` leads, literals and symbols follow. */
function dims(words, { rest = '...rest', size = (word) => word }) {
  return `[${words.map((word) => (word === '...' ? rest : /^\d/.test(word) ? word : size(word.replace('@', '')))).join(', ')}]`;
}

/** Symbols of the shapes, numbers that are sizes among them, in order of appearance. */
function symbolsOf({ inputs, outputs, tree }) {
  const words = [...inputs, ...outputs].flatMap((tensor) => tensor.words);
  const named = words
    .filter((word) => word !== '...' && !/^\d/.test(word))
    .map((word) => word.replace('@', ''));
  return [...new Set([...(tree ? ['T'] : []), ...named])];
}

const isSize = ({ inputs, outputs }, { name }) =>
  [...inputs, ...outputs].some(({ words }) => words.includes(`@${name}`));

function valueOf(shape, number, size) {
  if (number.names !== null) return `'${number.names[0]}'`;
  if (isSize(shape, number)) return size;
  const within = (value) => Math.min(number.max, Math.max(number.min, value));
  return String(number.integer ? within(1) : within(0.5));
}

/** The wrapper's arguments as text, tensors by `tensor(input)`, those that may be absent left out by default. */
function argumentsOf(shape, { tensor, size, tree, optional = () => undefined }) {
  const values = parametersOf(shape).map((parameter) => {
    if (parameter.optional) return optional(parameter.input);
    if (parameter.input !== undefined) return tensor(parameter.input);
    return parameter.number === undefined
      ? tree
      : valueOf(shape, parameter.number, size(parameter.number.name));
  });
  return values.filter((value) => value !== undefined).join(', ');
}

const MAKERS = {
  activation: (shape) => `activation(r, ${shape})`,
  weight: (shape) => `{ ...weight(r, ${shape}), frozen: true }`,
  float32: (shape) => `float32(${shape}, new Float64Array(count(${shape})).fill(0.5))`,
  ints: (shape) => `ints(new Int32Array(count(${shape})), ${shape})`,
};

export function casesOf(shape, { name }) {
  const { inputs, outputs, gradients, sums } = shape;
  const symbols = symbolsOf(shape);
  const all = [...inputs, ...outputs];
  const hasRest = all.some(({ words }) => words[0] === '...');
  // The rest may have as many dimensions as a tensor of rank 3 leaves.
  const most =
    3 - Math.max(0, ...all.filter(({ words }) => words[0] === '...').map(({ words }) => words.length - 1));
  const rests = [[1], [7, 5], [4, 3, 70]].map((rest) => rest.slice(-most));
  const sizes = [() => 1, (i) => [5, 3, 2][i % 3], (i) => [37, 33, 9, 6][i % 4]];
  const optional = inputs.some(isOptional);
  const calls = sizes.map((size, c) => {
    const fields = [
      ...(hasRest ? [`rest: [${rests[c].join(', ')}]`] : []),
      ...symbols.map((symbol, i) => `${symbol}: ${size(i)}`),
      ...(optional ? [`given: ${c !== 1}`] : []),
    ];
    return `  { ${fields.join(', ')} },`;
  });
  const shapeText = ({ words }) => dims(words, {});
  const input = (one) => `${one.id}: ${MAKERS[one.kind](shapeText(one))}`;
  const absent = inputs.filter(isOptional).map(input).join(', ');
  const given = inputs.filter((one) => !isOptional(one)).map(input);
  const operand = ({ id, kind }) => `x.${kind === 'weight' ? 'weight' : 'tensor'}('${id}')`;
  const call = argumentsOf(shape, {
    tensor: operand,
    size: (symbol) => symbol,
    tree: 'x.tree([0, T, -1])',
    optional: (one) => `given ? ${operand(one)} : undefined`,
  });
  const results = sums.forward.map(([y, terms]) => {
    const text = `added(${shapeText(y)}, [${terms.map(({ id }) => `x.${id}`).join(', ')}])`;
    return y.when === null ? text : `...(given ? [${text}] : [])`;
  });
  const makers = [...new Set(inputs.map(({ kind }) => kind))].sort();
  const fields = [...(hasRest ? ['rest'] : []), ...symbols, ...(optional ? ['given'] : [])];
  return `import { ${name} } from '@selfjudge/engine';
import type { ${optional ? 'Input, ' : ''}OpCase } from '../case.js';
import { ${makers.join(', ')} } from './inputs.js';

const count = (shape: number[]): number => shape.reduce((product, n) => product * n, 1);

/** EDIT: the maths in plain float64. As it stands the sum of those of \`terms\` that are given. */
function added(shape: number[], terms: (Float64Array | undefined)[]): Float64Array {
  const at = (i: number) => terms.reduce((sum, term) => sum + (term?.[i] ?? 0), 0);
  return Float64Array.from({ length: count(shape) }, (_, i) => at(i));
}

// EDIT: sizes and numbers that reach every branch of the kernels: one value, odd tails, work for several threads.
const calls = [
${calls.join('\n')}
];

export const ${name}Cases: OpCase[] = calls.map(({ ${fields.join(', ')} }) => ({
  op: '${name}',
  name: [${fields.map((field) => `\`${field} \${${field === 'rest' ? "rest.join('x')" : field}}\``).join(', ')}].join(', '),
  inputs: (${inputs.some(({ kind }) => kind === 'activation' || kind === 'weight') ? 'r' : ''})${optional ? ': Record<string, Input>' : ''} => ({ ${[...given, ...(optional ? [`...(given ? { ${absent} } : undefined)`] : [])].join(', ')} }),
  run: (x) => ${outputs.length === 1 && outputs[0].when === null ? `[${name}(${call})]` : `Object.values(${name}(${call})).filter((y) => y !== undefined)`},
  oracle: (${/x\./.test(results.join()) ? 'x' : ''}) => [${results.join(', ')}],
${gradients.length > 0 ? '' : '  differentiable: false,\n'}}));
`;
}

const BENCH_SIZES = [
  [/^[TRLSPtMC]$/, 'tokens'],
  [/^H$/, 'model.heads'],
  [/^G$/, 'model.kvHeads'],
  [/^d$/, 'model.dim'],
  [/^V$/, 'model.vocabulary'],
  [/^[DKN]$/, 'model.width'],
];

export function benchOf(shape, { name, stem }) {
  const { inputs, outputs, gradients, tree } = shape;
  const symbols = symbolsOf(shape);
  const rest = [...inputs, ...outputs].some(({ words }) => words[0] === '...');
  const plain = [...inputs, ...outputs].some(({ words }) => words.length === 1 && words[0] === '...');
  const size = (symbol) => BENCH_SIZES.find(([pattern]) => pattern.test(symbol))?.[1] ?? '64';
  const sizes = [
    ...(rest ? [`rest: tokens${plain ? ' * model.width' : ''}`] : []),
    ...symbols.map((symbol) => `${symbol}: ${size(symbol)}`),
  ];
  const used = ['model', 'tokens'].filter((word) => sizes.some((text) => text.includes(word)));
  const made = inputs.filter((input) => !isOptional(input));
  const text = ({ words }) => dims(words, { rest: 'shape.rest', size: (symbol) => `shape.${symbol}` });
  const makers = {
    activation: (of) => `make.tensor(${of}, dtype)`,
    weight: (of) => `make.weight(${of}, dtype)`,
    float32: (of) => `make.tensor(${of}, 'float32')`,
    ints: (of) => `make.ints(new Int32Array(${of}.reduce((a, b) => a * b, 1)), ${of})`,
  };
  const call = `engine.${name}(${argumentsOf(shape, {
    tensor: ({ id }) => id,
    size: (symbol) => `shape.${symbol}`,
    tree: 'tree',
  })})`;
  const dtyped = made.some(({ kind }) => kind === 'activation' || kind === 'weight');
  const one = outputs.length === 1;
  const others = outputs.slice(1).map(({ id }) => `      ${id}?.dispose();\n`);
  return `// EDIT: what ${name} works on. As it stands, about the activations of one training tree.
import * as engine from '../../../${PATHS.project}/dist/index.js';

export const ${name} = {
  shapes: (${used.length > 0 ? `{ ${used.join(', ')} }` : ''}) => [{ shape: { ${sizes.join(', ')} } }],
${gradients.length > 0 ? '  backward: true,\n' : ''}\
  // EDIT: the same work in ${PATHS.peers}/${stem}.py instead of this line, or why PyTorch has no such op.
  noPeer: 'not compared yet',
  prepare(make, { shape${dtyped ? ', dtype' : ''} }) {
${made.map((input) => `    const ${input.id} = ${makers[input.kind](text(input))};\n`).join('')}\
${tree ? '    const tree = make.own(engine.DeviceTree.from(make.device, { segments: Int32Array.of(0, shape.T, -1), rows: shape.T }));\n' : ''}\
${
  one
    ? `    const forward = () => ${call};\n`
    : `    const forward = () => {\n      const { ${ids(outputs)} } = ${call};\n${others.join('')}      return ${outputs[0].id};\n    };\n`
}\
    return { forward, watched: [${ids(made.filter(({ kind }) => gradients.length > 0 && kind === 'activation'))}] };
  },
};
`;
}

/** The row of right and wrong arguments. */
export function wrongCallsOf(shape, { name }) {
  const first = shape.inputs[0];
  const two = ({ words }) => dims(words, { rest: '2', size: () => '2' });
  const right = {
    activation: (input) => `floats(${two(input)})`,
    float32: (input) => `floats(${two(input)})`,
    weight: () => 'weight',
    ints: (input) => `ints(${two(input)})`,
  };
  const wrong = (input) => {
    if (input.kind === 'weight') return 'notWeight';
    const sort = input.kind === 'ints' ? 'Ints' : 'Floats';
    return input === first ? `firstNot${sort}` : `not${sort}`;
  };
  const rows = parametersOf(shape).map(({ id, input, number, optional }) => {
    if (optional) return `${id}: arg(undefined, perhaps(${wrong(input)}))`;
    if (input !== undefined) return `${id}: arg(${right[input.kind](input)}, ${wrong(input)})`;
    if (number === undefined) return `${id}: arg(tree, notTree)`;
    const { names, integer, min, max } = number;
    const words = names?.flatMap((word, place) => [`'${word}'`, place]);
    const none = words
      ? `noneOf(${words.join(', ')})`
      : `${integer ? 'notWhole' : 'notNumber'}(${min}, ${max})`;
    return `${id}: arg(${valueOf(shape, number, '2')}, ${none})`;
  });
  return `entry(engine.${name}, { ${rows.join(', ')} })`;
}
