import { FileFormatError } from '@selfjudge/base';
import { Tokenizer } from '@selfjudge/text';
import { tokenizerDifference } from '@selfjudge/text/internal';
import type { Warn } from './checkTensors.js';
import { tokenizerIn } from './openSource.js';

/**
 * The tokenizer of a base with an adapter: the one that lies beside the adapter where there is one, with its chat template,
 * as AutoTokenizer.from_pretrained of that folder; else the base's. End tokens that the base's generation_config.json
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
  if (own === undefined) return base;
  const ends = [...new Set([...(own.files.eosTokenIds ?? []), ...(base?.files.eosTokenIds ?? [])])];
  if (ends.length === (own.files.eosTokenIds ?? []).length) return own;
  return new Tokenizer({ ...own.files, eosTokenIds: ends });
}
