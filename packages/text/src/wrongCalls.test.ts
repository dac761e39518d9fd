import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { afterAll } from 'vitest';
import * as text from './index.js';
import { arg, describeWrongCalls, entry, fields, type Entry } from '@selfjudge/testing/wrongCalls';
import {
  given,
  junk,
  notFlag,
  notList,
  notListOf,
  notObject,
  notText,
  notWhole,
} from '@selfjudge/testing/wrongValues';

const { Tokenizer } = text;
const tokenizer = text.byteTokenizer({ words: [' A'] });
const saved = join(tmpdir(), `selfjudge-tokenizer-${process.pid}`);
await tokenizer.save(saved);
afterAll(() => rmSync(saved, { recursive: true }));
/** No path, or one where nothing is. */
const notPath = fc.oneof(notText, fc.constantFrom('', '\0', join(saved, 'nothing here')));
const message = { role: 'user', content: 'a' };
const notMessages = fc.oneof(
  notListOf(
    message,
    fc.oneof(
      junk,
      fc.constant({ role: 'critic', content: '' }),
      fc.constant({ role: 'user', content: [{ type: 'image' }] }),
      notText.map((content) => ({ ...message, content })),
    ),
  ),
  fc.constant([]),
);
const notArguments = fc.oneof(
  notObject,
  fc.constantFrom(
    { messages: [] },
    { add_generation_prompt: true },
    { 'a b': 1 },
    { tools: 5 },
    { documents: ['a'] },
  ),
);
const notMoment = fc.oneof(
  notText,
  fc.constantFrom('', 'today', '2026-13-01', '2026-02-30', '2026-11-29T24:00:00'),
);
const templateSettings = (none: fc.Arbitrary<unknown>) =>
  fields({ arguments: arg({ a: 1 }, given(notArguments)), now: arg('2026-11-29', given(notMoment)) }, none);
const rendered = tokenizer.renderChat([message as text.Message]);
const notRendered = fc.oneof(
  notObject,
  notText.map((text) => ({ ...rendered, text })),
  notListOf(
    { text: 'a' },
    fc.oneof(
      junk,
      notText.map((text) => ({ text })),
    ),
  ).map((pieces) => ({ text: '', pieces })),
);
const notIds = fc.oneof(
  notList.filter((v) => !(v instanceof Float64Array)),
  fc.constantFrom([-1], [0.5], ['1'], [undefined], [NaN]),
);
const flags = (...names: string[]) =>
  fields(Object.fromEntries(names.map((name) => [name, arg(true, given(notFlag))])), given(notObject));
const { files } = tokenizer;

const table: Record<string, Entry> = {
  byteTokenizer: entry(text.byteTokenizer, {
    options: fields(
      {
        words: arg([' A'], given(fc.oneof(notListOf(' A', notText), fc.constantFrom([''], ['x'])))),
        chat: arg(true, given(notFlag)),
      },
      given(notObject),
    ),
  }),
  'new Tokenizer': entry((of: text.TokenizerFiles) => new Tokenizer(of), {
    files: fields(
      {
        tokenizer: arg(
          files.tokenizer,
          fc.oneof(
            notObject,
            notObject.map((wrong) => ({ ...files.tokenizer, model: wrong })),
            notList.map((wrong) => ({ ...files.tokenizer, added_tokens: wrong })),
          ),
        ),
        config: arg(files.config, notObject),
        chatTemplate: arg(undefined, given(fc.oneof(notText, fc.constant('{% if %}')))),
        chatTemplates: arg(
          { default: 'a' },
          given(
            fc.oneof(
              notObject,
              fc.constant([]),
              notText.map((wrong) => ({ default: 'a', other: wrong })),
            ),
          ),
        ),
        eosTokenIds: arg([1], given(notListOf(1, notWhole(0)))),
      },
      notObject,
    ),
  }),
  'Tokenizer.load': entry(Tokenizer.load, { dir: arg(saved, notPath, '') }),
  'Tokenizer.fromGguf': entry(Tokenizer.fromGguf, { metadata: arg(() => ggufMetadata(), junk, '') }),
  'Tokenizer#save': entry((dir: string) => tokenizer.save(dir), {
    dir: arg(saved, fc.oneof(notText, fc.constantFrom('', '\0'))),
  }),
  'Tokenizer#encode': entry((text: string, options: object) => tokenizer.encode(text, options), {
    text: arg('a', notText),
    options: flags('special', 'continues'),
  }),
  'Tokenizer#encodeWithOffsets': entry(
    (text: string, options: object) => tokenizer.encodeWithOffsets(text, options),
    { text: arg('a', notText), options: flags('special', 'continues') },
  ),
  'Tokenizer#encodeAnswer': entry((text: string) => tokenizer.encodeAnswer(text), {
    text: arg('a', notText),
  }),
  'Tokenizer#encodeText': entry((text: string) => tokenizer.encodeText(text), { text: arg('a', notText) }),
  'Tokenizer#controlStrings': entry((text: string) => tokenizer.controlStrings(text), {
    text: arg('a', notText),
  }),
  'Tokenizer#openTurn': entry(
    (messages: text.Message[], options: object) => tokenizer.openTurn(messages, options),
    {
      messages: arg([message], notMessages),
      options: fields({ prefill: arg('a', given(notText)) }, given(notObject)),
    },
  ),
  'Tokenizer#shownAnswers': entry(
    (messages: text.Message[], answers: string[], options: object) =>
      tokenizer.shownAnswers(messages, answers, options),
    {
      messages: arg([message], notMessages),
      answers: arg(['a'], notListOf('a', notText)),
      options: arg({}, given(notObject)),
    },
  ),
  'Tokenizer#decode': entry((ids: number[], options: object) => tokenizer.decode(ids, options), {
    ids: arg([1], notIds),
    options: flags('skipSpecial'),
  }),
  'Tokenizer#decodeAnswer': entry((ids: number[]) => tokenizer.decodeAnswer(ids), { ids: arg([1], notIds) }),
  'Tokenizer#tokenText': entry((id: number) => tokenizer.tokenText(id), { id: arg(1, notWhole(0)) }),
  'Tokenizer#isControl': entry((id: number) => tokenizer.isControl(id), { id: arg(1, notWhole(0)) }),
  'Tokenizer#renderChat': entry(
    (messages: text.Message[], options: object) => tokenizer.renderChat(messages, options),
    {
      messages: arg([message], notMessages),
      options: fields(
        {
          addGenerationPrompt: arg(true, given(notFlag)),
          prefill: arg('a', given(notText)),
          templateArguments: arg({ a: 1 }, given(notArguments)),
        },
        given(notObject),
      ),
    },
  ),
  'Tokenizer#withTemplate': entry((settings: object) => tokenizer.withTemplate(settings), {
    settings: templateSettings(notObject),
  }),
  'Tokenizer#encodeRendered': entry(
    (r: text.RenderedText, options: object) => tokenizer.encodeRendered(r, options),
    { r: arg(rendered, notRendered), options: flags('continues') },
  ),
  appendText: entry(text.appendText, { r: arg(rendered, notRendered), text: arg('a', notText) }),
  sliceRendered: entry(text.sliceRendered, { r: arg(rendered, notRendered), from: arg(0, notWhole(0)) }),
  singleToken: entry(text.singleToken, {
    tokenizer: arg(tokenizer, junk),
    prefix: arg(rendered, notRendered),
    text: arg('b', fc.oneof(notText, fc.constant('bc')), ''),
  }),
  checkVocabulary: entry(text.checkVocabulary, {
    tokenizer: arg(tokenizer, junk),
    embeddingRows: arg(1000, notWhole(1)),
  }),
};

function ggufMetadata(): Map<string, unknown> {
  return new Map<string, unknown>([
    ['tokenizer.ggml.model', 'gpt2'],
    ['tokenizer.ggml.pre', 'gpt-2'],
    ['tokenizer.ggml.tokens', ['a', 'b', 'ab']],
    ['tokenizer.ggml.merges', ['a b']],
  ]);
}

describeWrongCalls({
  exports: text,
  table,
  without: { 'takes any value': ['isMessage'] },
  atLeast: 300,
});
