import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { list, object, optional, text, whole } from '@selfjudge/base/checks';
import { FileFormatError } from '@selfjudge/base';
import { makeFolder } from '@selfjudge/base';
import { atomicWrite, refuseLfsPointer, writeJson } from '@selfjudge/base/internal';

/** A normalizer, pre-tokenizer, post-processor or decoder of tokenizer.json: its type and settings. */
export type Component = { type: string } & Record<string, unknown>;

export interface AddedTokenJson {
  id: number;
  content: string;
  special?: boolean;
  normalized?: boolean;
  single_word?: boolean;
  lstrip?: boolean;
  rstrip?: boolean;
}

export interface BpeJson {
  type?: string;
  vocab: Record<string, number>;
  /** 'left right' or ['left', 'right'], best first. */
  merges: (string | [string, string])[];
  unk_token?: string | null;
  ignore_merges?: boolean;
  [setting: string]: unknown;
}

/** Hugging Face's tokenizer.json. */
export interface TokenizerJson {
  added_tokens: AddedTokenJson[];
  normalizer: Component | null;
  pre_tokenizer: Component | null;
  post_processor: Component | null;
  decoder: Component | null;
  model: BpeJson;
  [setting: string]: unknown;
}

const NO_PARTS = {
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: null,
  post_processor: null,
  decoder: null,
};

/** Hugging Face's tokenizer_config.json. A token is its string, or an object that has it as `content`. */
export type TokenizerConfig = Record<string, unknown>;

/** All that makes a tokenizer, as a Hugging Face folder keeps it. */
export interface TokenizerFiles {
  tokenizer: TokenizerJson;
  config: TokenizerConfig;
  /** Jinja. Absent for a tokenizer without a chat format. */
  chatTemplate?: string;
  /** Further end tokens, of generation_config.json. */
  eosTokenIds?: number[];
}

/** The parts that every tokenizer has; `checkComponents` looks at the rest. */
export const isTokenizerFiles = object({
  tokenizer: object({ added_tokens: list(object({ id: whole(0), content: text })), model: object({}) }),
  config: object({}),
  chatTemplate: optional(text),
  eosTokenIds: optional(list(whole(0))),
});

/**
 * Reads tokenizer.json, tokenizer_config.json, chat_template.jinja and the end tokens of generation_config.json; all
 * but the first may be absent. A chat template in a file of its own goes before one in the config; of several named
 * ones in the config, 'default' is taken.
 *
 * @throws FileFormatError when a file is not JSON, or tokenizer.json is absent
 */
export async function readTokenizerFiles(dir: string): Promise<TokenizerFiles> {
  const texts = await Promise.all(TOKENIZER_FILES.map((name) => readText(join(dir, name))));
  return parseTokenizerFiles(dir, texts);
}

/** Names of the files that make a tokenizer. */
export const TOKENIZER_FILES = [
  'tokenizer.json',
  'tokenizer_config.json',
  'generation_config.json',
  'chat_template.jinja',
] as const;

/**
 * @param dir named in errors
 * @param texts of `TOKENIZER_FILES`; undefined for those that are absent
 * @throws FileFormatError
 */
export function parseTokenizerFiles(dir: string, texts: readonly (string | undefined)[]): TokenizerFiles {
  const [path, configPath, generationPath] = TOKENIZER_FILES.map((name) => join(dir, name));
  const tokenizer = parseJson(path, texts[0]);
  if (tokenizer === undefined) {
    throw new FileFormatError({ path, expected: 'a tokenizer.json in the folder', received: 'no such file' });
  }
  const config = (parseJson(configPath, texts[1]) ?? {}) as TokenizerConfig;
  const generation = parseJson(generationPath, texts[2]) as { eos_token_id?: unknown } | undefined;
  return {
    tokenizer: { ...NO_PARTS, ...(tokenizer as TokenizerJson) },
    config,
    chatTemplate: texts[3] ?? templateOf(config),
    eosTokenIds: tokenIds([generation?.eos_token_id ?? []].flat(), generationPath),
  };
}

/** Writes tokenizer.json, tokenizer_config.json and, if there is a template, chat_template.jinja into `dir`, which is made if need be. */
export async function writeTokenizerFiles(dir: string, files: TokenizerFiles): Promise<void> {
  const { chat_template: _inline, ...config } = files.config;
  makeFolder(dir);
  await writeJson(join(dir, 'tokenizer.json'), files.tokenizer);
  await writeJson(join(dir, 'tokenizer_config.json'), config);
  if (files.chatTemplate !== undefined) {
    await atomicWrite(join(dir, 'chat_template.jinja'), [Buffer.from(files.chatTemplate)]);
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

function templateOf(config: TokenizerConfig): string | undefined {
  const template = config.chat_template;
  if (typeof template === 'string') return template;
  if (!Array.isArray(template)) return undefined;
  const named = template as ({ name?: unknown; template?: unknown } | null)[];
  const chosen = (named.find((entry) => entry?.name === 'default') ?? named[0])?.template;
  return typeof chosen === 'string' ? chosen : undefined;
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
