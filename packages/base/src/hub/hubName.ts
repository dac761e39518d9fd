import { existsSync } from 'node:fs';
import { fileNameFault } from './fileName.js';

/** What a name on a hub means. */
export interface HubName {
  type: 'model' | 'dataset';
  /** OWNER/NAME */
  id: string;
  /** A branch, a tag or a commit; absent for the main branch. */
  revision?: string;
  /** A file of the repository, with `/` between folders. */
  file?: string;
}

const SCHEME = 'hf://';
/** OWNER/NAME, @REVISION up to the next slash or one of git's names with slashes that the hub gives, /FILE. */
const PARTS = /^([^/@]+\/[^/@]+)(?:@(refs\/(?:pr\/\d+|convert\/[\w.-]+)|[^/]+))?(?:\/(.+))?$/s;
const ID = /^\w(?:[\w.-]*\w)?\/\w(?:[\w.-]*\w)?$/;
/** Of what git takes for the name of a branch or tag, what people write. */
const REVISION = /^\w(?:[\w.+/-]*\w)?$/;
const FORM = 'hf://OWNER/NAME[@REVISION][/FILE], for data hf://datasets/OWNER/NAME[@REVISION][/FILE]';

/**
 * A text as a name on a hub: `hf://...`, or OWNER/NAME[@REVISION] where nothing of that name is here, with /FILE.gguf for a
 * GGUF model. A person who means a folder of this machine has at least the folder above it, or a name that ends as a file's.
 *
 * @param type what is looked for; `hf://` says it itself
 * @returns undefined for what is a path
 * @throws RangeError for what begins as a name and is none, saying what was expected
 */
export function parseHubName(text: string, type: HubName['type']): HubName | undefined {
  if (text.startsWith(SCHEME)) return named(text.slice(SCHEME.length));
  const [, id = '', , file] = PARTS.exec(text) ?? [];
  const isFile = /\.(jsonl?|gz|zst|gguf|ya?ml|csv|tsv|parquet|safetensors)$/i;
  const couldBe =
    isId(id) && (file === undefined ? !isFile.test(id) : type === 'model' && /\.gguf$/i.test(file));
  if (!couldBe || existsSync(text) || existsSync(id.slice(0, id.indexOf('/')))) return undefined;
  return partsOf(text, type);
}

function named(rest: string): HubName {
  const [, prefix = '', name] = /^(datasets\/|models\/)?(.*)$/s.exec(rest)!;
  // Of a hub's other things none is read here.
  if (/^(spaces|buckets|kernels)\//.test(rest)) throw new RangeError(`a name on the hub (${FORM})`);
  return partsOf(name, prefix === 'datasets/' ? 'dataset' : 'model');
}

function partsOf(text: string, type: HubName['type']): HubName {
  const [, id = '', given, file] = PARTS.exec(text) ?? [];
  if (!isId(id)) throw new RangeError(`a name on the hub (${FORM})`);
  const revision = given?.replace(/%2f/gi, '/');
  if (revision !== undefined && revisionFault(revision) !== undefined)
    throw new RangeError(`${revisionFault(revision)} after @ (${FORM})`);
  const fault = file === undefined ? undefined : fileNameFault(file);
  if (fault !== undefined) throw new RangeError(`a file of the repository: ${fault} (${FORM})`);
  return { type, id, ...(revision !== undefined && { revision }), ...(file !== undefined && { file }) };
}

const isId = (id: string): boolean =>
  ID.test(id) && !/--|\.\./.test(id) && !id.endsWith('.git') && id.length <= 96;

/** What is wrong with a text for a branch, tag or commit, in words. */
export function revisionFault(text: string): string | undefined {
  const isGood = REVISION.test(text) && !/\.\.|\/\/|\/\.|\.lock$/.test(text);
  return isGood ? undefined : 'the name of a branch, a tag or a commit';
}

/** The name as `parseHubName` reads it. */
export function formatHubName({ type, id, revision, file }: HubName): string {
  const isSpecial = /^refs\/(pr\/\d+|convert\/[\w.-]+)$/.test(revision ?? '');
  const at = revision === undefined ? '' : `@${isSpecial ? revision : revision.replaceAll('/', '%2F')}`;
  const rest = `${id}${at}${file === undefined ? '' : `/${file}`}`;
  return type === 'dataset' ? `${SCHEME}datasets/${rest}` : rest;
}
