import { ArgumentError } from '@selfjudge/base';
import { preTokenizerName } from './ggufPreTokenizers.js';
import { CONTROL, NORMAL, UNKNOWN, USER_DEFINED } from './ggufTokenizer.js';
import { scoredMerges } from './scoredMerges.js';
import { addsBos, type Tokenizer } from './tokenizer.js';
import type { Component, TokenizerJson } from './tokenizerFiles.js';

const UNUSED = 5;
const BYTE = 6;
const WHERE = 'ggufEntries';

/** A metadata value of a GGUF file. */
export type GgufTokenizerEntry = { key: string } & (
  | { type: 'string'; value: string | readonly string[] }
  | { type: 'bool'; value: boolean }
  | { type: 'u32'; value: number }
  | { type: 'f32' | 'i32'; value: readonly number[] }
);

/** What a GGUF file says of a tokenizer. */
export interface GgufTokenizerEntries {
  entries: GgufTokenizerEntry[];
  /** What of the tokenizer the file has no form for, in words. */
  unsaid: string[];
  /** Whether readers put BOS before text. */
  addsBos: boolean;
}

/**
 * The metadata that means a tokenizer to readers of GGUF: `fromGguf` gives the same ids of it. Byte-level BPE is 'gpt2' with
 * the name of its pre-tokenizer; BPE of SentencePiece is 'llama', its merges as scores of what they make.
 *
 * @param rows of the table of embeddings; those past the tokenizer's ids get tokens that nothing makes
 * @throws ArgumentError naming the part of the tokenizer that has no form in GGUF
 */
export function ggufEntries(tokenizer: Tokenizer, rows: number): GgufTokenizerEntries {
  const json = tokenizer.files.tokenizer;
  const byteLevel = JSON.stringify(json.pre_tokenizer ?? null).includes('"ByteLevel"');
  const { tokens, types } = tokensOf(json, rows, byteLevel);
  const kind = byteLevel ? byteLevelEntries(json) : sentencePieceEntries(json, tokens, types);
  const [ids, unsaidEnds] = specialIds(tokenizer);
  const { chatTemplate } = tokenizer;
  const begins = addsBos(tokenizer.files);
  return {
    addsBos: begins,
    entries: [
      ...kind,
      { key: 'tokenizer.ggml.tokens', type: 'string', value: tokens },
      { key: 'tokenizer.ggml.token_type', type: 'i32', value: types },
      ...ids,
      { key: 'tokenizer.ggml.add_bos_token', type: 'bool', value: begins },
      ...(chatTemplate === undefined
        ? []
        : [{ key: 'tokenizer.chat_template', type: 'string' as const, value: chatTemplate }]),
    ],
    unsaid: [...unsaidEnds, ...(byteLevel ? [] : unsaidSpace(json)), ...unsaidOf(json)],
  };
}

/** Contents and kinds of all ids. */
function tokensOf(
  json: TokenizerJson,
  rows: number,
  byteLevel: boolean,
): { tokens: string[]; types: number[] } {
  const { model, added_tokens: added } = json;
  const tokens = Array.from({ length: rows }, (_, id) => `[PAD${id}]`);
  const types = tokens.map(() => UNUSED);
  for (const [content, id] of Object.entries(model.vocab)) {
    tokens[id] = content;
    types[id] = !byteLevel && /^<0x[0-9A-F]{2}>$/.test(content) ? BYTE : NORMAL;
  }
  for (const { id, content, special } of added) {
    // Readers look for user-defined tokens in text as it stands, with spaces.
    tokens[id] = special === true || byteLevel ? content : content.replaceAll('▁', ' ');
    types[id] = special === true ? CONTROL : USER_DEFINED;
  }
  const unknown = model.unk_token == null ? undefined : model.vocab[model.unk_token];
  if (!byteLevel && unknown !== undefined) types[unknown] = UNKNOWN;
  return { tokens, types };
}

function byteLevelEntries(json: TokenizerJson): GgufTokenizerEntry[] {
  const pre = preTokenizerName(json);
  if (pre === undefined)
    refuse('pre_tokenizer', 'one that llama.cpp has a name for', {
      normalizer: json.normalizer,
      pre_tokenizer: json.pre_tokenizer,
      ignore_merges: json.model.ignore_merges ?? false,
    });
  const merges = json.model.merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' ')));
  const wrong = merges.find((merge) => merge.split(' ').length !== 2);
  if (wrong !== undefined) refuse('merges', 'pairs without spaces', wrong);
  return [
    { key: 'tokenizer.ggml.model', type: 'string', value: 'gpt2' },
    { key: 'tokenizer.ggml.pre', type: 'string', value: pre },
    { key: 'tokenizer.ggml.merges', type: 'string', value: merges },
  ];
}

function sentencePieceEntries(
  json: TokenizerJson,
  tokens: readonly string[],
  types: readonly number[],
): GgufTokenizerEntry[] {
  const { byte_fallback: fallback, ignore_merges: ignore } = json.model;
  if (fallback !== true || types.filter((type) => type === BYTE).length !== 256)
    refuse('model', 'byte-level BPE, or BPE with a token for every byte (byte_fallback)', {
      byte_fallback: fallback,
    });
  if (ignore === true) refuse('ignore_merges', 'false for pieces of SentencePiece', true);
  return [
    { key: 'tokenizer.ggml.model', type: 'string', value: 'llama' },
    { key: 'tokenizer.ggml.pre', type: 'string', value: 'default' },
    { key: 'tokenizer.ggml.scores', type: 'f32', value: scoresOf(json, tokens, types) },
    { key: 'tokenizer.ggml.add_space_prefix', type: 'bool', value: beginsWithSpace(json) },
  ];
}

/** Where a space comes before text by another rule than that of readers of GGUF, who put it before all of it. */
function unsaidSpace(json: TokenizerJson): string[] {
  const scheme = partsOf(json.pre_tokenizer, 'pretokenizers').find(
    ({ type }) => type === 'Metaspace',
  )?.prepend_scheme;
  if (scheme === undefined || scheme === 'never') return [];
  return [
    `readers of GGUF put a space before text that begins with one${scheme === 'first' ? ', or follows a control token,' : ''} ` +
      'where this tokenizer does not: such text has another first token there',
  ];
}

/** Whether a space comes before text. @throws ArgumentError for steps that readers of GGUF do not take */
function beginsWithSpace({ normalizer, pre_tokenizer: pre }: TokenizerJson): boolean {
  const steps = [...partsOf(normalizer, 'normalizers'), ...partsOf(pre, 'pretokenizers')];
  let prefix = false;
  let spaces = false;
  for (const step of steps) {
    const { type, prepend, pattern, content, replacement, prepend_scheme: scheme, split } = step;
    const on = (pattern as { String?: unknown } | undefined)?.String;
    if (type === 'Prepend' && prepend === '▁') prefix = true;
    else if (type === 'Replace' && on === ' ' && content === '▁') spaces = true;
    else if (type === 'Metaspace' && replacement === '▁' && split === false) {
      spaces = true;
      prefix ||= scheme !== 'never';
    } else if (!(type === 'Split' && on === ' ' && spaces))
      refuse('normalizer', 'spaces as ▁ and no other step, for pieces of SentencePiece', step);
  }
  if (!spaces) refuse('normalizer', 'spaces as ▁, for pieces of SentencePiece', normalizer);
  return prefix;
}

function partsOf(component: Component | null, within: string): Component[] {
  if (component === null) return [];
  const parts = component.type === 'Sequence' ? component[within] : undefined;
  return Array.isArray(parts) ? (parts as Component[]).flatMap((part) => partsOf(part, within)) : [component];
}

/**
 * A score for every id, higher for what is merged first.
 * @throws ArgumentError for merges that do not follow from what they make
 */
function scoresOf(
  { model: { merges, vocab } }: TokenizerJson,
  tokens: readonly string[],
  types: readonly number[],
): number[] {
  const isNormal = (piece: string) => types[vocab[piece]] === NORMAL;
  const own = merges
    .map((merge): [string, string] =>
      typeof merge === 'string' ? (merge.split(' ') as [string, string]) : merge,
    )
    // Others never come to be: added tokens are taken out of text before.
    .filter(([left, right]) => isNormal(left) && isNormal(right) && isNormal(left + right));
  const ranks = new Map<string, number>();
  let last = '';
  for (const [left, right] of own) {
    const made = left + right;
    if (made !== last && ranks.has(made)) refuse('merges', 'those of one piece together', made);
    if (!ranks.has(made)) ranks.set(made, ranks.size);
    last = made;
  }
  // What nothing merges comes last.
  let least = ranks.size;
  const scores = tokens.map((piece, id) => (types[id] === NORMAL ? -(ranks.get(piece) ?? least++) : 0));
  const implied = scoredMerges(
    tokens,
    scores,
    types.map((type) => type === NORMAL),
  );
  const known = new Set(own.map(([left, right]) => `${left} ${right}`));
  const more = implied.find(([left, right]) => !known.has(`${left} ${right}`));
  if (more !== undefined || implied.length !== own.length)
    refuse(
      'merges',
      'every way to make a piece of two others',
      more === undefined ? own.length : `none of ${more.join(' and ')}`,
    );
  return scores;
}

/** Ids of tokens with a part to play. */
function specialIds(tokenizer: Tokenizer): [entries: GgufTokenizerEntry[], unsaid: string[]] {
  const { tokenizer: json, config } = tokenizer.files;
  const ids = new Map(Object.entries(json.model.vocab));
  for (const { content, id } of json.added_tokens) ids.set(content, id);
  const ends = tokenizer.eos;
  const eos = (tokenizer.eosToken === undefined ? undefined : ids.get(tokenizer.eosToken)) ?? ends[0];
  const [turn] = tokenizer.turnEnd;
  const eot = turn !== undefined && turn !== eos ? turn : ends.find((id) => id !== eos);
  const unknown = json.model.unk_token ?? config.unk_token;
  const named: Readonly<Record<string, number | undefined>> = {
    bos: tokenizer.bos,
    eos,
    eot,
    unknown: typeof unknown === 'string' ? ids.get(unknown) : undefined,
    padding: tokenizer.pad,
  };
  const entries = Object.entries(named).flatMap(([name, id]): GgufTokenizerEntry[] =>
    id === undefined ? [] : [{ key: `tokenizer.ggml.${name}_token_id`, type: 'u32', value: id }],
  );
  const further = ends.filter((id) => id !== eos && id !== eot).map((id) => tokenizer.tokenText(id));
  return [
    entries,
    further.length === 0
      ? []
      : [
          `a GGUF file names two tokens that end an answer; this model also ends one with ${further.join(', ')}`,
        ],
  ];
}

/** Settings of added tokens that a GGUF file has no place for. */
function unsaidOf({ added_tokens: added }: TokenizerJson): string[] {
  const swallowing = added.filter(({ lstrip, rstrip }) => lstrip === true || rstrip === true);
  const whole = added.filter((token) => token.single_word === true);
  const named = (list: typeof added) =>
    list
      .slice(0, 6)
      .map(({ content }) => content)
      .join(', ');
  return [
    ...(swallowing.length === 0
      ? []
      : [`that white space beside ${named(swallowing)} belongs to them has no place in a GGUF file`]),
    ...(whole.length === 0 ? [] : [`that ${named(whole)} are whole words has no place in a GGUF file`]),
  ];
}

function refuse(what: string, expected: string, received: unknown): never {
  throw new ArgumentError(`tokenizer.${what}`, { where: WHERE, expected, received });
}
