import type { Device, Tensor } from '@selfjudge/engine';
import { tidy } from '@selfjudge/engine';
import { Tape } from '@selfjudge/engine';
import { Operands, storedValues, toBf16, type OpCase, type StorageType, type Values } from './case.js';
import { bf16DirectionBound, float32Bound } from './bounds.js';
import { isRounded } from './calls/rounding.js';
import { Random } from './random.js';

type OpResult = Tensor['dtype'];

/** What `roundings` to the nearest bf16 may move a value of this size by. */
const bf16Bound = (roundings: number, size: number): number => roundings * 2 ** -8 * size;

/**
 * How far a result is from what it may be, in units of the bound; 0 where it may be so. In bf16 it is rounded once, from a
 * value that is off by the roundings before and by float32's bound.
 */
function excess(c: OpCase, dtype: OpResult, received: number, expected: number, typical: number): number {
  if (dtype === 'int32') return received === expected ? 0 : Infinity;
  const size = Math.max(Math.abs(expected), typical);
  const before = dtype === 'bf16' ? bf16Bound((c.roundings ?? 1) - 1, size) : 0;
  const limit = float32Bound(c, size) + before;
  const error = Math.abs(received - expected);
  if (Number.isNaN(error)) return Infinity;
  if (dtype === 'bf16' ? isRounded(received, expected, limit) : error <= limit) return 0;
  return limit === 0 ? Infinity : error / limit;
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
}

function rms(values: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += values[i] ** 2;
  return Math.sqrt(squares / Math.max(1, values.length));
}

/** Compares the op's results with float64; returns what is wrong, in words. */
export async function checkForward(
  c: OpCase,
  device: Device,
  dtype: StorageType,
  seed = '',
): Promise<string[]> {
  const inputs = c.inputs(new Random(`${c.op} ${c.name}${seed}`));
  const expected = c.oracle(storedValues(inputs, dtype));
  const operands = new Operands(device, dtype, inputs);
  const outputs = tidy(() => c.run(operands));
  const problems: string[] = [];
  if (outputs.length !== expected.length)
    problems.push(`${outputs.length} results, expected ${expected.length}`);
  for (const [n, output] of outputs.entries()) {
    const received = await output.read();
    output.dispose();
    if (received.length !== expected[n].length) {
      problems.push(`result ${n}: ${received.length} values, expected ${expected[n].length}`);
      continue;
    }
    const typical = rms(expected[n]);
    let worst = 0;
    let note = '';
    for (let i = 0; i < received.length; i++) {
      const over = excess(c, output.dtype, received[i], expected[n][i], typical);
      if (over <= worst) continue;
      worst = over;
      note = `result ${n}[${i}]: ${received[i]}, expected ${expected[n][i]}, off by ${over} times what may be`;
    }
    if (worst > 0) problems.push(note);
  }
  operands.dispose();
  return problems;
}

/**
 * Compares the gradient of a random weighted sum of the results with central differences in float64: along random
 * directions over each whole input, and along single elements.
 */
export async function checkGradients(
  c: OpCase,
  device: Device,
  dtype: StorageType,
  seed = '',
): Promise<string[]> {
  const random = new Random(`${c.op} ${c.name} gradients${seed}`);
  const inputs = c.inputs(new Random(`${c.op} ${c.name}${seed}`));
  const values = storedValues(inputs, dtype);
  const operands = new Operands(device, dtype, inputs);
  const names = operands.differentiated();
  const watched = operands.train();
  const sources = new Map(names.map((name) => [name, operands.tensor(name)]));
  const tape = new Tape();
  for (const x of watched) tape.watch(x);
  const outputs = tape.run(() => tidy(() => c.run(operands)));
  const weights = outputs.map((output) => {
    const rounded = output.dtype === 'bf16' ? toBf16 : Math.fround;
    return Float64Array.from({ length: output.size }, () => rounded(random.normal()));
  });
  tape.backward(outputs.map((output, n) => [output, Float32Array.from(weights[n])] as const));
  for (const output of outputs) output.dispose();

  const loss = (at: Values): number =>
    sum(c.oracle(at).map((y, n) => sum(y.map((value, i) => value * weights[n][i]))));
  const problems: string[] = [];
  for (const name of names) {
    const source = sources.get(name);
    const gradient =
      inputs[name].role === 'activation' ? source && tape.gradient(source) : operands.vector(name).grad;
    if (gradient === undefined) {
      problems.push(`${name}: no gradient`);
      continue;
    }
    const received = await gradient.read();
    const typical = rms(received);
    const single = Array.from({ length: 4 }, () => random.below(received.length));
    for (const element of [-1, -1, ...single]) {
      const direction = element === -1 ? random.normals(received.length) : new Float64Array(received.length);
      if (element !== -1) direction[element] = 1;
      const step = typeof c.step === 'number' ? c.step : (c.step?.[name] ?? 1e-3);
      const expected = derivative(loss, values, name, direction, step);
      const along = direction.map((d, i) => d * received[i]);
      const size = element === -1 ? rms(along) * Math.sqrt(along.length) : typical;
      const cancelled = c.gradientMagnitude ?? 0;
      const length = rms(direction) * Math.sqrt(direction.length);
      const rounded =
        dtype === 'bf16'
          ? bf16DirectionBound(received, direction, { roundings: c.roundings ?? 1, typical, cancelled })
          : 16 * 2 ** -24 * cancelled * length;
      const limit =
        float32Bound({ ...c, magnitude: 0 }, Math.max(size, typical, Math.abs(expected))) + rounded;
      const total = sum(along);
      if (!(Math.abs(total - expected) <= limit)) {
        const where = element === -1 ? 'a random direction' : `element ${element}`;
        problems.push(`d${name} along ${where}: ${total}, expected ${expected} within ${limit}`);
      }
    }
    if (inputs[name].role === 'activation') gradient.dispose();
  }
  tape.dispose();
  operands.dispose();
  return problems;
}

/** The derivative of `f` along `direction` of one input, by the four-point central difference. */
function derivative(
  f: (at: Values) => number,
  values: Values,
  name: string,
  direction: Float64Array,
  step: number,
): number {
  const at = (t: number): number => {
    const moved = values[name].map((x, i) => x + t * direction[i]);
    return f({ ...values, [name]: moved });
  };
  return (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step);
}
