import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { FileFormatError, makeFolder } from '@selfjudge/base';
import { atomicWrite, refuseLfsPointer, writeJson } from '@selfjudge/base/internal';
import { chatTemplates, TEMPLATES } from './chatTemplates.js';
import { withDeclaredTokens } from './declaredTokens.js';
import { fromSentencePiece, sentencePieceClass, sentencePieceTokens } from './sentencePiece.js';
import { asLlamaClass, isLlamaClass } from './tokenizerClass.js';
import { isObject } from './tokenizerFiles.js';
import type { TokenizerConfig, TokenizerFiles, TokenizerJson } from './tokenizerFiles.js';

const NO_PARTS = {
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: null,
  post_processor: null,
  decoder: null,
};

/**
 * Reads the files of TOKENIZER_FILES, tokenizer.model where there is no tokenizer.json, and additional_chat_templates/; all
 * else may be absent. What they say together is what transformers 5 makes of the folder.
 *
 * @throws FileFormatError when a file is not what its name says, or there is neither tokenizer.json nor tokenizer.model
 */
export async function readTokenizerFiles(dir: string): Promise<TokenizerFiles> {
  const texts = await Promise.all(TOKENIZER_FILES.map((name) => readText(join(dir, name))));
  const model = texts[0] === undefined ? await readIfThere(join(dir, SENTENCE_PIECE)) : undefined;
  return parseTokenizerFiles(dir, texts, { model, templates: await readTemplates(dir) });
}

/** Whether a folder has a tokenizer of its own. */
export function hasTokenizer(dir: string): boolean {
  return existsSync(join(dir, TOKENIZER_FILES[0])) || existsSync(join(dir, SENTENCE_PIECE));
}

const SENTENCE_PIECE = 'tokenizer.model';

/** Names of the files of text that make a tokenizer. */
export const TOKENIZER_FILES = [
  'tokenizer.json',
  'tokenizer_config.json',
  'generation_config.json',
  'chat_template.jinja',
  'special_tokens_map.json',
  'added_tokens.json',
  'config.json',
  'chat_template.json',
] as const;

/**
 * @param dir named in errors
 * @param texts of `TOKENIZER_FILES`; undefined for those that are absent
 * @param more the SentencePiece model that stands in the place of tokenizer.json; templates by their file's name
 * @throws FileFormatError
 */
export function parseTokenizerFiles(
  dir: string,
  texts: readonly (string | undefined)[],
  more: { model?: Uint8Array; templates?: Record<string, string> } = {},
): TokenizerFiles {
  const paths = TOKENIZER_FILES.map((name) => join(dir, name));
  const [json, ownConfig = {}, generation, , map, added, model = {}, processor = {}] = texts.map((text, i) =>
    TOKENIZER_FILES[i].endsWith('.json') ? parseJson(paths[i], text) : undefined,
  ) as (Record<string, unknown> | undefined)[];
  const { tokenizer, config, fromFile } = tokenizerOf(dir, json, ownConfig, model, more.model);
  const lists = { specialTokensMap: map, addedTokens: added };
  return {
    ...withDeclaredTokens(tokenizer, config, lists, fromFile),
    ...chatTemplates(ownConfig, texts[3], more.templates ?? {}, processor),
    eosTokenIds: [
      ...new Set([...tokenIds([generation?.eos_token_id ?? []].flat(), paths[2]), ...modelEos(model)]),
    ],
  };
}

/** tokenizer.json, or what stands in its place, as the class of transformers reads it that opens the folder. */
function tokenizerOf(
  dir: string,
  json: Record<string, unknown> | undefined,
  config: TokenizerConfig,
  model: Record<string, unknown>,
  sentencePiece: Uint8Array | undefined,
): { tokenizer: TokenizerJson; config: TokenizerConfig; fromFile: boolean } {
  const llama = { unk_token: '<unk>', bos_token: '<s>', eos_token: '</s>' };
  if (json !== undefined) {
    const tokenizer = { ...NO_PARTS, ...(json as object as TokenizerJson) };
    if (!isObject(tokenizer.model) || !isLlamaClass(tokenizer, config, model)) {
      return { tokenizer, config, fromFile: true };
    }
    return { tokenizer: asLlamaClass(tokenizer, config), config: { ...llama, ...config }, fromFile: false };
  }
  const path = join(dir, SENTENCE_PIECE);
  if (sentencePiece === undefined) {
    throw new FileFormatError({
      path: join(dir, TOKENIZER_FILES[0]),
      expected: 'a tokenizer.json in the folder, or a tokenizer.model',
      received: 'no such file',
    });
  }
  const by = sentencePieceClass(config, model);
  const defaults =
    by === 'gemma'
      ? {
          unk_token: '<unk>',
          bos_token: '<bos>',
          eos_token: '<eos>',
          pad_token: '<pad>',
          mask_token: '<mask>',
        }
      : llama;
  const extra = [config.extra_special_tokens, config.additional_special_tokens].find(
    (each) => each !== undefined,
  );
  return {
    tokenizer: fromSentencePiece(path, sentencePiece, by, config),
    config: {
      ...defaults,
      ...config,
      ...(extra === undefined && { extra_special_tokens: sentencePieceTokens(path, sentencePiece) }),
    },
    fromFile: false,
  };
}

/** Writes tokenizer.json, tokenizer_config.json and what chat templates there are into `dir`, which is made if need be. */
export async function writeTokenizerFiles(dir: string, files: TokenizerFiles): Promise<void> {
  const { chat_template: _inline, ...config } = files.config;
  makeFolder(dir);
  await writeJson(join(dir, 'tokenizer.json'), files.tokenizer);
  await writeJson(join(dir, 'tokenizer_config.json'), config);
  if (files.chatTemplate !== undefined) {
    await atomicWrite(join(dir, 'chat_template.jinja'), [Buffer.from(files.chatTemplate)]);
  }
  for (const [name, template] of Object.entries(files.chatTemplates ?? {})) {
    if (name === 'default') continue;
    makeFolder(join(dir, TEMPLATES));
    await atomicWrite(join(dir, TEMPLATES, `${basename(name)}.jinja`), [Buffer.from(template)]);
  }
}

function tokenIds(values: unknown[], path: string): number[] {
  const wrong = values.findIndex((id) => typeof id !== 'number' || !Number.isSafeInteger(id) || id < 0);
  if (wrong < 0) return values as number[];
  throw new FileFormatError({
    path,
    expected: 'eos_token_id one or more token ids',
    received: values[wrong],
  });
}

/** End tokens of config.json, where they are ids. */
function modelEos({ eos_token_id: eos, text_config: text }: Record<string, unknown>): number[] {
  const inner = isObject(text) ? text.eos_token_id : undefined;
  return [eos ?? inner ?? []]
    .flat()
    .filter((id): id is number => Number.isSafeInteger(id) && (id as number) >= 0);
}

/** Files of additional_chat_templates/ by name, without their ending. */
async function readTemplates(dir: string): Promise<Record<string, string>> {
  const folder = join(dir, TEMPLATES);
  if (!existsSync(folder)) return {};
  const names = (await readdir(folder)).filter((name) => name.endsWith('.jinja'));
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return Object.fromEntries(names.map((name, i) => [name.slice(0, -'.jinja'.length), texts[i]]));
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  return existsSync(path) ? await readFile(path) : undefined;
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parseJson(path: string, text: string | undefined): object | undefined {
  if (text === undefined) return undefined;
  refuseLfsPointer(path, text);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch (error) {
    throw new FileFormatError({ path, expected: 'JSON', received: (error as Error).message });
  }
  throw new FileFormatError({ path, expected: 'a JSON object', received: text.slice(0, 40) });
}
