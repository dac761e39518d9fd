import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { byteTokenizer, Tokenizer } from '@selfjudge/text';
import { byteModel } from '@selfjudge/testing/tinyModel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChatSession } from './chatSession.js';
import type { ChatScreen } from './chatScreen.js';
import { openModel, type OpenModel } from '../../models/model.js';
import { Conversation, type ChatOptions } from '../../inference/conversation.js';

const folder = mkdtempSync(join(tmpdir(), 'selfjudge-conversation-'));
const options: ChatOptions = { maxNewTokens: 40, temperature: 1, topP: 1, topK: 0, seed: 3 };
let opened: OpenModel;

beforeAll(async () => {
  const model = byteModel();
  await model.save(folder);
  model.dispose();
  opened = await openModel(folder, { dtype: 'float32', device: 'cpu' });
});
afterAll(() => {
  opened.dispose();
  rmSync(folder, { recursive: true });
});

describe('Conversation', () => {
  it('keeps what has come of an answer that is stopped, and nothing where none has', async () => {
    const conversation = new Conversation(opened, options);
    const stop = new AbortController();
    let text = '';
    const asked = await conversation.ask('Hi', {
      signal: stop.signal,
      onText: (piece) => {
        text += piece;
        if (text.length > 4) stop.abort();
      },
    });
    expect(asked).toMatchObject({ kept: true });
    expect(asked.answer).toBeUndefined();
    expect(conversation.messages[1]).toEqual({ role: 'assistant', content: text });
    const none = await conversation.ask('And?', { signal: AbortSignal.abort() });
    expect(none.kept).toBe(false);
    expect(conversation.turns).toBe(1);
  });

  it('asks again with another seed, and keeps the answer there is where no other comes', async () => {
    const conversation = new Conversation(opened, options);
    const first = await conversation.ask('Hi');
    const again = await conversation.retry();
    expect(again!.answer!.tokens).not.toEqual(first.answer!.tokens);
    const before = conversation.messages;
    await conversation.retry({ signal: AbortSignal.abort() });
    expect(conversation.messages).toEqual(before);
    conversation.undo();
    expect(await conversation.retry()).toBeUndefined();
  });

  it('refuses a system prompt that the format has no place for, and keeps the one there is', () => {
    const { files } = byteTokenizer();
    const chatTemplate = `{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}${files.chatTemplate}`;
    const strict = { ...opened, tokenizer: new Tokenizer({ ...files, chatTemplate }) };
    const conversation = new Conversation(strict, options);
    expect(() => conversation.setSystem('Be brief.')).toThrow(/no system/);
    expect(conversation.system).toBeUndefined();
    expect(() => new Conversation(strict, options, 'Be brief.')).toThrow(/no system/);
  });
});

it('a session stops an answer once: the second time says that there is nothing to stop', async () => {
  const shown: string[] = [];
  const screen = {
    stopped: (message: string) => shown.push(message),
    text: () => results.push(session.interrupt()),
  } as unknown as ChatScreen;
  const results: boolean[] = [];
  const session = new ChatSession(new Conversation(opened, options), screen, {
    limit: 2048,
    maxNewTokens: 40,
  });
  expect(session.interrupt()).toBe(false);
  expect(await session.take('Hi')).toBe(true);
  expect(results[0]).toBe(true);
  expect(results.slice(1).every((again) => !again)).toBe(true);
  expect(shown).toEqual(['stopped; what has come is kept, /undo takes it back']);
  expect(session.interrupt()).toBe(false);
});
