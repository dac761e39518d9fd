// Where each part of an op lies, from the repository's root. The one place that knows: new:op writes there, opCatalog reads.
const ENGINE = 'packages/engine/src';
const TESTING = 'packages/testing/src';

export const PATHS = {
  /** SJ_OPS, and a header for each family of contracts. */
  list: 'native/include/ops.h',
  contracts: 'native/include/ops',
  cpu: 'native/backends/cpu',
  cuda: 'native/backends/cuda',
  /** The package of the wrappers, and the folders of modules beside which they and their cases are. */
  project: 'packages/engine',
  modules: [ENGINE, TESTING],
  tensor: `${ENGINE}/tensor`,
  wrappers: `${ENGINE}/tensor/ops`,
  wrapperList: `${ENGINE}/tensor/index.ts`,
  cases: `${TESTING}/cases`,
  caseList: `${TESTING}/cases.ts`,
  /** A row of right and wrong arguments for each wrapper. */
  wrongCalls: `${ENGINE}/testing/entries/ops.ts`,
  bench: 'benchmarks/ops/ours',
  peers: 'benchmarks/peers/ops',
  guide: 'docs/adding-a-kernel.md',
};
