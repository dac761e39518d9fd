// What the workspace's packages use of this one beyond its face.
export { ChatTemplate } from './chatTemplate.js';
export { TOKENIZER_FILES, parseTokenizerFiles } from './files.js';
