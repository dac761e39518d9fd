// Small models, and the fuzzer, for the tests of other packages.
export * from './fuzz/index.js';
export { byteModel, tinyConfig, tinyModel } from './tinyModel.js';
