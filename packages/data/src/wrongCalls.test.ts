import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { byteTokenizer } from '@selfjudge/text';
import {
  arg,
  describeWrongCalls,
  entry,
  fields,
  given,
  junk,
  noneOf,
  notFile,
  notFlag,
  notLimit,
  notListOf,
  notObject,
  notObjectOf,
  notPrompt,
  notText,
} from '@selfjudge/testing/wrongCalls';
import fc from 'fast-check';
import { afterAll } from 'vitest';
import * as data from './index.js';

const folder = mkdtempSync(join(tmpdir(), 'selfjudge-data-'));
afterAll(() => rmSync(folder, { recursive: true }));
const preference = { prompt: 'a', chosen: 'b', rejected: 'c' };
const judged = { prompt: 'a', completions: ['b', 'c'], winner: 'a' };
const file = join(folder, 'rows.jsonl');
writeFileSync(file, `${JSON.stringify({ ...preference, ...judged, completion: 'b', label: true })}\n`);

const tokenizer = arg(byteTokenizer(), junk);
const row = arg(preference, notObject);
const id = arg('1', notText);
const shape = arg('auto', given(noneOf('auto', ...data.SHAPE_NAMES)));
const mapping = join(folder, 'mapping.yaml');
writeFileSync(mapping, 'prompt: question\n');
const load = (of: (path: string, options?: data.LoadRowsOptions) => unknown) =>
  entry(of, {
    path: arg(file, notFile),
    options: fields(
      {
        split: arg(data.splitOf('a'), given(noneOf('train', 'self', 'dev', 'test'))),
        fractions: arg(
          data.DEFAULT_FRACTIONS,
          given(
            notObjectOf({ ...data.DEFAULT_FRACTIONS }, { train: fc.constantFrom('0.6', null, NaN, 0.7) }),
          ),
        ),
        limit: arg(1, given(notLimit)),
        promptFormat: arg('chat', given(noneOf('standard', 'chat'))),
        shape,
      },
      given(notObject),
    ),
  });
const options = fields({ promptFormat: arg('chat', given(noneOf('standard', 'chat'))) }, given(notObject));
const messages = [
  { role: 'user', content: 'a' },
  { role: 'assistant', content: 'b' },
];
const maxLength = arg(100, given(notLimit));
const issue = { file: 'a', line: 1, code: 'empty-answer', reason: 'b' };

describeWrongCalls({
  exports: data,
  table: {
    loadPreferences: load(data.loadPreferences),
    loadSftExamples: load(data.loadSftExamples),
    loadLabelled: load(data.loadLabelled),
    loadPrompts: load(data.loadPrompts),
    loadJudgedPairs: load(data.loadJudgedPairs),
    readDataFile: entry(data.readDataFile, {
      path: arg(file, notFile),
      options: fields({ shape }, given(notObject)),
    }),
    loadMapping: entry(data.loadMapping, { path: arg(mapping, notFile) }),
    parseMapping: entry(data.parseMapping, { content: arg({ prompt: 'q' }, notObject, 'dataset_shape') }),
    toPreferencePair: entry(data.toPreferencePair, { row, id, options }),
    toSftExample: entry(data.toSftExample, { row, id, options }),
    toLabelledRow: entry(data.toLabelledRow, { row, id, options }),
    toPromptRow: entry(data.toPromptRow, { row, id, options }),
    toJudgedPair: entry(data.toJudgedPair, { row, id, options }),
    toAnswerPair: entry(data.toAnswerPair, { row, options }),
    sftExampleOf: entry(data.sftExampleOf, {
      pair: fields({ id, prompt: arg('a', notPrompt), chosen: arg('b', notText) }, notObject),
    }),
    describeProblems: entry(data.describeProblems, {
      problems: arg([{ ...issue, place: 'a' }], notListOf({ ...issue, place: 'a' }, junk)),
    }),
    describeIssues: entry(data.describeIssues, { issues: arg([issue], notListOf(issue, junk)) }),
    firstUserTurn: entry(data.firstUserTurn, { prompt: arg('a', notPrompt) }),
    messagesOf: entry(data.messagesOf, { prompt: arg('a', notPrompt) }),
    splitOf: entry(data.splitOf, {
      prompt: arg('a', notPrompt),
      fractions: fields(
        Object.fromEntries(
          Object.entries(data.DEFAULT_FRACTIONS).map(([split, share]) => [split, arg(share, noneOf(share))]),
        ),
        given(notObject),
      ),
    }),
    parseYaml: entry(data.parseYaml, { text: arg('a: 1', notText) }),
    parseTranscript: entry(data.parseTranscript, { text: arg('a', notText) }),
    promptIds: entry(data.promptIds, { tokenizer, prompt: arg('a', notPrompt) }),
    answeredIds: entry(data.answeredIds, {
      tokenizer,
      prompt: arg('a', notPrompt),
      answer: arg('b', notText),
    }),
    completionIds: entry(data.completionIds, {
      tokenizer,
      text: arg('a', notText),
      options: fields({ eos: arg(true, notFlag) }, notObject),
    }),
    sftSequence: entry(data.sftSequence, {
      tokenizer,
      example: fields({ messages: arg(messages, notListOf(messages[0], junk)) }, notObject),
      options: fields({ maxLength, trainOn: arg('all', given(noneOf('all', 'last'))) }, given(notObject)),
    }),
    preferenceSequences: entry(data.preferenceSequences, {
      tokenizer,
      pair: fields(
        { prompt: arg('a', notPrompt), chosen: arg('b', notText), rejected: arg('c', notText) },
        notObject,
      ),
      options: fields({ maxLength }, given(notObject)),
    }),
  },
  without: {},
  atLeast: 500,
});
