export * from './errors.js';
export * from './tensor/index.js';
export * from './model/index.js';
export * from './tokenizer/index.js';
export * from './generation/index.js';
export { mean } from './mean.js';
export { Random } from './random.js';
export { nearest } from './nearest.js';
export { shellWord } from './shellWord.js';
