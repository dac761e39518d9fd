// The op benches there are: every export of ours/*.mjs, under the name of the op's wrapper.
//
//   shapes({ model, gpu, rows, tokens })   the calls to measure: [{ shape, ... }]; flops and backwardFlops where TFLOP/s are
//                                          to count others than the contracts of the ops do
//   prepare(make, work)                    makes the inputs; returns one of
//     { call }                             one call, for an op that works in place
//     { forward, watched }                 the call's result, and what it is differentiated by
//   backward: true                         measured with its backward too, as NAME+backward
//   noPeer: 'reason'                       PyTorch has no such op
import { readdirSync } from 'node:fs';

const folder = new URL('ours/', import.meta.url);

/** @returns {Promise<Record<string, object>>} */
export async function opBenches() {
  const files = readdirSync(folder).filter((name) => name.endsWith('.mjs'));
  const modules = await Promise.all(files.sort().map((name) => import(new URL(name, folder))));
  return Object.assign({}, ...modules);
}

/** Every call to measure on a workload: `op` is NAME or NAME+backward. */
export function opCalls(benches, workload) {
  return Object.entries(benches).flatMap(([name, { shapes, backward, noPeer }]) =>
    shapes(workload).flatMap(({ backwardFlops, ...call }) => [
      { op: name, noPeer, ...call },
      ...(backward ? [{ op: `${name}+backward`, noPeer, ...call, flops: backwardFlops }] : []),
    ]),
  );
}
