// Small models for the tests of other packages.
export { byteModel, tinyConfig, tinyModel } from './tinyModel.js';
