import { join } from 'node:path';
import { tmpdir } from 'node:os';
import fc from 'fast-check';
import * as core from '../../index.js';
import { arg, entry, fields, type Entry } from '../wrongCalls.js';
import {
  except,
  noneOf,
  notFlag,
  notFunction,
  notList,
  notListOf,
  notNumber,
  notObject,
  notText,
  notWhole,
} from '../wrongValues.js';
import { notPath, notView, view } from './models.js';
import { junk, perhaps } from './values.js';

const { Tokenizer } = core;
const tokenizer = core.byteTokenizer({ words: [' A'] });
const saved = join(tmpdir(), `selfjudge-tokenizer-${process.pid}`);
await tokenizer.save(saved);
const message = { role: 'user', content: 'a' };
const notMessages = fc.oneof(
  notListOf(
    message,
    fc.oneof(
      junk,
      fc.constant({ role: 'tool', content: '' }),
      notText.map((content) => ({ ...message, content })),
    ),
  ),
  fc.constant([]),
);
const rendered = tokenizer.renderChat([message as core.Message]);
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
  fields(Object.fromEntries(names.map((name) => [name, arg(true, perhaps(notFlag))])), perhaps(notObject));
const { files } = tokenizer;

export const textEntries: Record<string, Entry> = {
  byteTokenizer: entry(core.byteTokenizer, {
    options: fields(
      {
        words: arg([' A'], perhaps(fc.oneof(notListOf(' A', notText), fc.constantFrom([''], ['x'])))),
        chat: arg(true, perhaps(notFlag)),
      },
      perhaps(notObject),
    ),
  }),
  'new Tokenizer': entry((of: core.TokenizerFiles) => new Tokenizer(of), {
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
        chatTemplate: arg(undefined, perhaps(fc.oneof(notText, fc.constant('{% if %}')))),
        eosTokenIds: arg([1], perhaps(notListOf(1, notWhole(0)))),
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
  'Tokenizer#encodeAnswer': entry((text: string) => tokenizer.encodeAnswer(text), {
    text: arg('a', notText),
  }),
  'Tokenizer#decode': entry((ids: number[], options: object) => tokenizer.decode(ids, options), {
    ids: arg([1], notIds),
    options: flags('skipSpecial'),
  }),
  'Tokenizer#decodeAnswer': entry((ids: number[]) => tokenizer.decodeAnswer(ids), { ids: arg([1], notIds) }),
  'Tokenizer#tokenText': entry((id: number) => tokenizer.tokenText(id), { id: arg(1, notWhole(0)) }),
  'Tokenizer#isControl': entry((id: number) => tokenizer.isControl(id), { id: arg(1, notWhole(0)) }),
  'Tokenizer#renderChat': entry(
    (messages: core.Message[], options: object) => tokenizer.renderChat(messages, options),
    {
      messages: arg([message], notMessages),
      options: fields(
        { addGenerationPrompt: arg(true, perhaps(notFlag)), prefill: arg('a', perhaps(notText)) },
        perhaps(notObject),
      ),
    },
  ),
  'Tokenizer#encodeRendered': entry(
    (r: core.RenderedText, options: object) => tokenizer.encodeRendered(r, options),
    { r: arg(rendered, notRendered), options: flags('continues') },
  ),
  appendText: entry(core.appendText, { r: arg(rendered, notRendered), text: arg('a', notText) }),
  sliceRendered: entry(core.sliceRendered, { r: arg(rendered, notRendered), from: arg(0, notWhole(0)) }),
  singleToken: entry(core.singleToken, {
    tokenizer: arg(tokenizer, junk),
    prefix: arg(rendered, notRendered),
    text: arg('b', fc.oneof(notText, fc.constant('bc')), ''),
  }),
  checkVocabulary: entry(core.checkVocabulary, {
    tokenizer: arg(tokenizer, junk),
    embeddingRows: arg(1000, notWhole(1)),
  }),
  answerText: entry(core.answerText, {
    tokenizer: arg(tokenizer, junk),
    sample: fields({ tokens: arg([1], notIds), finish: arg('eos', noneOf('eos', 'length')) }, notObject),
  }),
  generate: entry(core.generate, {
    view: arg(view, notView),
    prompts: arg([[1, 2]], fc.oneof(notListOf([1], notIds), fc.constantFrom([[]], [[1000]]))),
    options: fields(
      {
        maxNewTokens: arg(1, notWhole(1, 2048)),
        temperature: arg(1, perhaps(notNumber(0, 1e6))),
        topP: arg(0.9, perhaps(notNumber(0.01, 1))),
        topK: arg(2, perhaps(notWhole(0, 2 ** 31 - 1))),
        minP: arg(0, perhaps(notNumber(0, 1))),
        seed: arg(
          1,
          perhaps(except((v) => typeof v === 'bigint' || (Number.isSafeInteger(v) && (v as number) >= 0))),
        ),
        count: arg(1, perhaps(notWhole(1, 2 ** 31 - 1))),
        eos: arg([1], perhaps(notListOf(1, notWhole(0, 260)))),
        maxBatch: arg(1, perhaps(notWhole(1, 128))),
        poolTokens: arg(4096, perhaps(notWhole(1))),
        firstSequence: arg(0, perhaps(notWhole(0, 2 ** 31 - 2))),
        onProgress: arg(() => () => {}, perhaps(notFunction)),
        signal: arg(new AbortController().signal, perhaps(junk)),
      },
      notObject,
    ),
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
