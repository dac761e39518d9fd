import { byteTokenizer } from '@selfjudge/text';
import { expect, it } from 'vitest';
import { judgedNotes, promptNotes } from './promptNotes.js';

const tokenizer = byteTokenizer();
const user = [{ role: 'user' as const, content: 'c' }];
const marked = '<|im_start|>user\nc<|im_end|>\n';

it('says how strings are read, where that may be meant otherwise', () => {
  const standard = promptNotes([{ text: 'a' }, { text: marked }, user], tokenizer, 'standard');
  expect(standard).toEqual([
    '1 of 3 prompts hold the control tokens <|im_start|>, <|im_end|>, which are read as such',
    "1 of 3 prompts are strings, taken as they stand (TRL's standard format), without the model's chat template: " +
      '--prompt_format chat makes each of them a user turn',
  ]);
  const [chat, ...others] = promptNotes(['a', marked, user], tokenizer, 'chat');
  expect(chat).toMatch(/^1 of 3 prompts hold the control tokens <\|im_start\|>.*--prompt_format standard/);
  expect(others).toEqual([]);
});

it('says nothing of conversations, of plain user turns, and of text for a model without a chat template', () => {
  expect(promptNotes([user], tokenizer, 'standard')).toEqual([]);
  expect(promptNotes(['a'], tokenizer, 'chat')).toEqual([]);
  expect(promptNotes([{ text: 'a' }], byteTokenizer({ chat: false }), 'standard')).toEqual([]);
});

it('counts prompts with columns that nothing reads', () => {
  const unread = { text: 'a', unread: ['tools'] };
  const other = { text: 'b', unread: ['documents', 'tools'] };
  const told = { messages: user, templateArguments: { tools: [{ name: 'f' }] } };
  const [note] = promptNotes([unread, other, { text: 'c' }, told], tokenizer, 'standard');
  expect(note).toBe(
    '2 of 4 prompts have columns without effect (documents, tools): text as it stands goes through no chat template',
  );
  expect(judgedNotes([unread, told, user])).toEqual([
    '2 of 3 prompts have columns without effect (tools): the question to the judge shows the turns of a prompt alone',
  ]);
  expect(promptNotes([told], tokenizer, 'standard')).toEqual([]);
  expect(judgedNotes([user, 'a'])).toEqual([]);
});
