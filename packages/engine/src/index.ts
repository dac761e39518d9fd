export * from './tensor/index.js';
export * from './model/index.js';
export * from './generation/index.js';
export { scoreSequences } from './scoring/scoreSequences.js';
