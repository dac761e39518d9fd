import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { FileFormatError } from '@selfjudge/base';
import { Tokenizer } from '@selfjudge/text';
import { tokenizerDifference } from '@selfjudge/text/internal';
import type { Warn } from './checkTensors.js';
import { tokenizerIn } from './openSource.js';

/**
 * The tokenizer of a base with an adapter: the one that lies beside the adapter where there is one, with its chat template,
 * as AutoTokenizer.from_pretrained of that folder; else the base's, with a chat template that lies there alone. End tokens that the base's generation_config.json
 * declares stay.
 *
 * @param base the base's own
 * @param rows of the table of embeddings
 * @param trainedWith the tokenizer of the model that the adapter was trained on, where that is another one
 * @throws FileFormatError for one with more ids than rows
 */
export async function adapterTokenizer(
  folder: string,
  base: Tokenizer | undefined,
  rows: number,
  trainedWith: () => Promise<Tokenizer | undefined>,
  warn: Warn,
): Promise<Tokenizer | undefined> {
  const own = await tokenizerIn(folder);
  if (own !== undefined && own.vocabSize > rows) {
    throw new FileFormatError({
      path: folder,
      expected: `a tokenizer of at most ${rows} ids, the rows of the model's table of embeddings`,
      received: `${own.vocabSize} ids`,
      advice:
        'The adapter was trained on a model with a larger table, which it does not bring. Give that model as its base, or ' +
        "save the adapter anew with its embeddings (PEFT's save_embedding_layers=True).",
    });
  }
  const trained = own ?? (await trainedWith());
  const difference =
    trained === undefined || base === undefined ? undefined : tokenizerDifference(trained, base);
  if (difference !== undefined) {
    const used = own === undefined ? "the base's" : "the adapter's";
    warn(
      `${folder}: this adapter was trained with another tokenizer than its base here has (${difference}): ${used} is used`,
    );
  }
  if (own === undefined) return withTemplate(folder, base, warn);
  const ends = [...new Set([...(own.files.eosTokenIds ?? []), ...(base?.files.eosTokenIds ?? [])])];
  if (ends.length === (own.files.eosTokenIds ?? []).length) return own;
  return new Tokenizer({ ...own.files, eosTokenIds: ends });
}

/** The base's tokenizer, with the chat template that lies beside an adapter alone, if one does. */
function withTemplate(folder: string, base: Tokenizer | undefined, warn: Warn): Tokenizer | undefined {
  const path = join(folder, 'chat_template.jinja');
  const settings = join(folder, 'tokenizer_config.json');
  if (existsSync(settings))
    warn(`${settings}: not used, as no tokenizer.json is beside it: the tokenizer is the base's`);
  if (base === undefined || !existsSync(path)) return base;
  return new Tokenizer({ ...base.files, chatTemplate: readFileSync(path, 'utf8') });
}
