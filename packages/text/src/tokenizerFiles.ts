import { kind, list, object, optional, text, whole } from '@selfjudge/base/checks';

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

/** Hugging Face's tokenizer_config.json. A token is its string, or an object that has it as `content`. */
export type TokenizerConfig = Record<string, unknown>;

/** All that makes a tokenizer, as a Hugging Face folder keeps it. */
export interface TokenizerFiles {
  tokenizer: TokenizerJson;
  config: TokenizerConfig;
  /** Jinja. Absent for a tokenizer without a chat format. */
  chatTemplate?: string;
  /** All templates by name, where there are several, or one that is not named 'default'. */
  chatTemplates?: Record<string, string>;
  /** Further end tokens, of generation_config.json and config.json. */
  eosTokenIds?: number[];
}

/** The parts that every tokenizer has; `checkComponents` looks at the rest. */
export const isTokenizerFiles = object({
  tokenizer: object({ added_tokens: list(object({ id: whole(0), content: text })), model: object({}) }),
  config: object({}),
  chatTemplate: optional(text),
  chatTemplates: optional(
    kind(
      'templates by name',
      (value) => isObject(value) && Object.values(value).every((each) => typeof each === 'string'),
    ),
  ),
  eosTokenIds: optional(list(whole(0))),
});

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
