import { afterAll, describe, expect, it } from 'vitest';
import { cases } from '@selfjudge/testing/cases';
import { Operands } from '@selfjudge/testing/case';
import { Random } from '@selfjudge/testing/random';
import { Device } from './device.js';
import { tidy } from './scope.js';
import { Tape } from './tape.js';
import { Tensor } from './tensor.js';

const device = Device.open('cuda');
afterAll(() => device.close());
const RERUNS = device.path === 'simt' ? 3 : 1000;

/** Bytes of the results and of every gradient of one pass. */
async function pass(c: (typeof cases)[number], operands: Operands): Promise<Buffer> {
  const tape = new Tape();
  const watched = operands.train();
  for (const x of watched) tape.watch(x);
  const outputs = tape.run(() => tidy(() => c.run(operands)));
  const random = new Random('reruns');
  tape.backward(
    outputs.map((y) => [y, Float32Array.from({ length: y.size }, () => random.normal())] as const),
  );
  const kept = operands.differentiated().map((name) => {
    const made = operands.tensor(name);
    return (made instanceof Tensor ? tape.gradient(made) : undefined) ?? operands.vector(name).grad;
  });
  const arrays = await Promise.all(
    [...outputs, ...kept].flatMap((tensor) => (tensor ? [tensor.read()] : [])),
  );
  for (const output of outputs) output.dispose();
  tape.dispose();
  return Buffer.concat(arrays.map(({ buffer }) => Buffer.from(buffer)));
}

describe('the same bits run after run', () => {
  // The largest case of each op that has a gradient.
  const largest = new Map<string, (typeof cases)[number]>();
  const size = (c: (typeof cases)[number]) =>
    Object.values(c.inputs(new Random(c.name))).reduce((sum, { values }) => sum + values.length, 0);
  for (const c of cases) {
    if (c.differentiable === false) continue;
    const best = largest.get(c.op);
    if (best === undefined || size(c) > size(best)) largest.set(c.op, c);
  }
  for (const c of largest.values()) {
    for (const dtype of c.dtypes ?? (['float32', 'bf16'] as const)) {
      it(`${c.op}: ${c.name}, ${dtype}, ${RERUNS} times`, async () => {
        const inputs = c.inputs(new Random(c.name));
        let first: Buffer | undefined;
        for (let run = 0; run < RERUNS; run++) {
          const operands = new Operands(device, dtype, inputs);
          const bits = await pass(c, operands);
          operands.dispose();
          first ??= bits;
          if (!bits.equals(first)) expect.fail(`run ${run} differs from the first`);
        }
      });
    }
  }
});
