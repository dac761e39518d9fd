import { renderedText, tokenizer as isTokenizer } from './checks.js';
import { check, text as isText, whole } from '@selfjudge/base/checks';
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
  check(
    'singleToken',
    { tokenizer, prefix, text },
    {
      tokenizer: isTokenizer,
      prefix: renderedText,
      text: isText,
    },
  );
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

/**
 * Checks that a model has an embedding for each of the tokenizer's ids. It may have more: tables are often padded.
 * @throws ArgumentError naming both sizes
 */
export function checkVocabulary(tokenizer: Tokenizer, embeddingRows: number): void {
  check(
    'checkVocabulary',
    { tokenizer, embeddingRows },
    {
      tokenizer: isTokenizer,
      embeddingRows: whole(1),
    },
  );
  if (tokenizer.vocabSize <= embeddingRows) return;
  throw new ArgumentError('tokenizer', {
    where: 'model',
    expected: `at most ${embeddingRows} ids, the rows of the model's embedding table`,
    received: `${tokenizer.vocabSize} ids: the tokenizer belongs to another model`,
  });
}
