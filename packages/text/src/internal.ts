// What the workspace's packages use: functions that do not check their arguments, and more than the face shows.
export { AnswerStream } from './answerStream.js';
export { byteTokenizer } from './byteTokenizer.js';
export { ChatTemplate } from './chatTemplate.js';
export { TOKENIZER_FILES, parseTokenizerFiles } from './files.js';
export { appendText, sliceRendered } from './rendered.js';
export { tokenizerDifference } from './tokenizerDifference.js';
export { checkVocabulary, singleToken } from './vocabulary.js';
