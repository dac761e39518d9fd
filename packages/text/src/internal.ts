// What the workspace's packages use: functions that do not check their arguments, and more than the face shows.
export { AnswerStream } from './answerStream.js';
export { byteTokenizer } from './byteTokenizer.js';
export { ChatTemplate } from './chatTemplate.js';
export { withChatTemplate } from './chooseTemplate.js';
export { ControlTokens } from './controlTokens.js';
export { renderConversation } from './conversation.js';
export { exactJson, exactText } from './exactJson.js';
export { ggufEntries, type GgufTokenizerEntries } from './ggufEntries.js';
export { hasTokenizer, TOKENIZER_FILES, parseTokenizerFiles } from './files.js';
export { messageFault, messageText } from './message.js';
export { appendText, sliceRendered } from './rendered.js';
export { tokenizerDifference } from './tokenizerDifference.js';
export { momentText, parseMoment, templateArgumentsFault } from './templateArguments.js';
export { turnProblem } from './turnMarkers.js';
export { checkVocabulary, singleToken } from './vocabulary.js';
