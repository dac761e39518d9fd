import { ArgumentError } from '@selfjudge/base';
import type { RenderedText } from './rendered.js';
import { appendText } from './rendered.js';
import type { Tokenizer } from './tokenizer.js';

/**
 * The one token that `text` adds after `prefix`: ids(prefix) + [token] = ids(prefix + text). A judge's verdict must be
 * such a token, or a probability of it would not be the verdict's probability.
 *
 * @throws ArgumentError naming the text and the tokens it became
 */
export function singleToken(tokenizer: Tokenizer, prefix: RenderedText, text: string): number {
  const before = tokenizer.encodeRendered(prefix);
  const after = tokenizer.encodeRendered(appendText(prefix, text));
  const kept = before.every((id, i) => after[i] === id);
  if (kept && after.length === before.length + 1) return after[before.length];
  let same = 0;
  while (same < before.length && before[same] === after[same]) same++;
  const show = (ids: number[]) =>
    ids.map((id) => `${JSON.stringify(tokenizer.tokenText(id))} (${id})`).join(', ');
  const changed = kept ? '' : ` in place of ${show(before.slice(same))}`;
  throw new ArgumentError(`verdict ${JSON.stringify(text)}`, {
    where: 'singleToken',
    expected: `one token after ${JSON.stringify(prefix.text.slice(-40))}`,
    received: `${after.length - same} tokens: ${show(after.slice(same)) || 'none'}${changed}`,
  });
}

/** Tokens that no text and no template writes: a model may lack their embeddings. */
const UNUSED = ['pad_token', 'mask_token', 'sep_token', 'cls_token'];

/**
 * Checks that a model has an embedding for each of the tokenizer's ids. It may have more: tables are often padded. It may
 * lack those of padding and the like, which a config can name without anybody having made room for them.
 * @throws ArgumentError naming both sizes
 */
export function checkVocabulary(tokenizer: Tokenizer, embeddingRows: number): void {
  if (tokenizer.vocabSize <= embeddingRows) return;
  const { tokenizer: json, config } = tokenizer.files;
  const unused = new Set(
    UNUSED.map((name) => (config[name] as { content?: unknown } | null)?.content ?? config[name]),
  );
  const used = json.added_tokens.filter(({ id, content }) => id >= embeddingRows && !unused.has(content));
  const past = Object.values(json.model.vocab).some((id) => id >= embeddingRows);
  if (!past && used.length === 0) return;
  throw new ArgumentError('tokenizer', {
    where: 'model',
    expected: `at most ${embeddingRows} ids, the rows of the model's embedding table`,
    received: `${tokenizer.vocabSize} ids: the tokenizer belongs to another model`,
  });
}
