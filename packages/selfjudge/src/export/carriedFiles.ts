import { copyFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileSystemError, makeFolder, readJsonObject } from '@selfjudge/base';
import { refuseLfsPointer } from '@selfjudge/base/internal';
import { Tokenizer } from '@selfjudge/text';
import { hasTokenizer, tokenizerDifference } from '@selfjudge/text/internal';

const TOKENIZER =
  /^(tokenizer\.(json|model)|tokenizer_config\.json|special_tokens_map\.json|added_tokens\.json|vocab\.json|merges\.txt|chat_template\.(jinja|json)|(pre)?processor_config\.json|video_preprocessor_config\.json)$/;
const TEMPLATES = 'additional_chat_templates';
const TERMS = /^(LICEN[CS]E|NOTICE|USE_POLICY|COPYING)(\W.*)?$/i;

/** A pointer of Git LFS is shorter. */
const POINTER_BYTES = 1024;

/** Copies a file whole. @throws FileFormatError for a pointer of Git LFS, FileSystemError */
function copy(from: string, to: string): void {
  if (statSync(from).size <= POINTER_BYTES) refuseLfsPointer(from, readFileSync(from, 'utf8'));
  try {
    copyFileSync(from, to);
  } catch (error) {
    throw fileSystemError(to, 'a file that can be written', error);
  }
}

/** Copies files of a folder by their names. @returns the names */
function copyFiles(from: string, to: string, which: RegExp): string[] {
  const names = readdirSync(from).filter((name) => which.test(name) && statSync(join(from, name)).isFile());
  for (const name of names) copy(join(from, name), join(to, name));
  return names;
}

/**
 * Writes the files of a tokenizer: those of the first folder that holds this very one as they are, with this one's chat
 * template; else made of it.
 *
 * @param folders nearest to the makers first
 * @returns what is worth knowing
 */
export async function carryTokenizer(
  tokenizer: Tokenizer,
  folders: readonly string[],
  target: string,
): Promise<string[]> {
  for (const folder of folders.filter(hasTokenizer)) {
    const own = await Tokenizer.load(folder);
    if (!isSame(own, tokenizer)) continue;
    copyFiles(folder, target, TOKENIZER);
    copyTemplates(folder, target);
    const { chatTemplate } = tokenizer;
    if (chatTemplate === own.chatTemplate || chatTemplate === undefined) return [];
    writeFileSync(join(target, 'chat_template.jinja'), chatTemplate);
    dropTemplate(join(target, 'tokenizer_config.json'));
    return [`the chat template is the one the model was trained with, not that of ${folder}`];
  }
  await tokenizer.save(target);
  return [];
}

/** Whether two tokenizers give the same ids, and name the same tokens to begin, end and fill with. */
function isSame(one: Tokenizer, other: Tokenizer): boolean {
  const named = ({ bos, pad, eosToken }: Tokenizer) => JSON.stringify([bos, pad, eosToken]);
  return named(one) === named(other) && tokenizerDifference(one, other) === undefined;
}

function copyTemplates(from: string, to: string): void {
  const folder = join(from, TEMPLATES);
  if (!existsSync(folder)) return;
  makeFolder(join(to, TEMPLATES));
  copyFiles(folder, join(to, TEMPLATES), /\.jinja$/);
}

/** The template of tokenizer_config.json, which old readers would go by. */
function dropTemplate(path: string): void {
  if (!existsSync(path)) return;
  const { chat_template: template, ...rest } = readJsonObject(path);
  if (template !== undefined) writeFileSync(path, `${JSON.stringify(rest, null, 2)}\n`);
}

/** Copies what says on which terms a model may be used, from each folder that is there. @returns the names */
export function carryTerms(folders: readonly string[], target: string): string[] {
  return [...new Set([...folders].reverse().flatMap((folder) => copyFiles(folder, target, TERMS)))];
}

/**
 * Writes generation_config.json: the base's, with all tokens that end an answer among its own.
 *
 * @param folders the first that has one is taken
 * @returns what is worth knowing
 */
export function carryGeneration(
  folders: readonly string[],
  target: string,
  ends: {
    tokenizer?: Tokenizer;
    config: { bosTokenId?: number; eosTokenIds: number[]; padTokenId?: number };
  },
): string[] {
  const { tokenizer, config } = ends;
  const from = folders.map((folder) => join(folder, 'generation_config.json')).find(existsSync);
  const own = from === undefined ? undefined : readJsonObject(from);
  const known = [own?.eos_token_id ?? config.eosTokenIds].flat() as number[];
  const all = [...new Set([...known, ...config.eosTokenIds, ...(tokenizer?.eos ?? [])])];
  const made = {
    bos_token_id: config.bosTokenId,
    eos_token_id: all.length === 1 ? all[0] : all,
    pad_token_id: config.padTokenId,
  };
  const path = join(target, 'generation_config.json');
  if (from !== undefined && all.length === known.length) copy(from, path);
  else if (all.length > 0 || own !== undefined)
    writeFileSync(path, `${JSON.stringify({ ...made, ...own, eos_token_id: made.eos_token_id }, null, 2)}\n`);
  const added = tokenizer === undefined ? [] : all.slice(known.length).map((id) => tokenizer.tokenText(id));
  if (added.length === 0) return [];
  return [
    `an answer also ends with ${added.join(', ')}, which ${from ?? 'config.json'} did not say: generation_config.json does now`,
  ];
}
