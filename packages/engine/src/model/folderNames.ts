import type { TensorFile } from './files/bitsandbytes.js';

const TABLE = 'embed_tokens.weight';
/** The text model inside one that sees, as transformers 4 and 5 name its tensors. */
const INSIDE = [
  [/^language_model\.(?=model\.|lm_head\.)/, ''],
  [/^model\.language_model\./, 'model.'],
] as const;

/** A file by the names that a text model alone has. */
export interface NamedFile extends TensorFile {
  /** What the file calls a tensor. */
  nameOf(name: string): string;
  /** Tensors of the file that belong to other parts than the text model. */
  beside: string[];
}

/**
 * @param inside the text model is a part of what the file holds
 * @param heads tensors that stand beside the model, under these names in every file
 */
export function textModel(file: TensorFile, inside: boolean, heads: readonly string[]): NamedFile {
  const names = [...file.tensors.keys()];
  if (inside) {
    const own = names.flatMap((name): [string, string][] => {
      if (heads.includes(name)) return [[name, name]];
      const found = INSIDE.find(([begin]) => begin.test(name));
      return found === undefined ? [] : [[name.replace(found[0], found[1]), name]];
    });
    const text = new Set(own.map(([, name]) => name));
    return renamed(
      file,
      new Map(own),
      names.filter((name) => !text.has(name)),
    );
  }
  // A base model saved without its head has names without `model.`; transformers puts it before them.
  const bare = !names.some((name) => name.startsWith('model.')) && file.tensors.has(TABLE);
  const own = names.map((name): [string, string] => [
    bare && !heads.includes(name) ? `model.${name}` : name,
    name,
  ]);
  return { ...renamed(file, new Map(own), []), nameOf: (name) => name };
}

function renamed(file: TensorFile, own: ReadonlyMap<string, string>, beside: string[]): NamedFile {
  const prefix = [...own].find(([name]) => name.startsWith('model.layers.'));
  // A head that the file lacks, as of tied weights, gets the place that its kind of file has for it.
  const outer = prefix?.[1].startsWith('language_model.') ? 'language_model.' : '';
  const nameOf = (name: string) => own.get(name) ?? `${outer}${name}`;
  return {
    path: file.path,
    tensors: new Map([...own].map(([name, from]) => [name, file.tensors.get(from)!])),
    read: (name, rows) => file.read(own.get(name) ?? name, rows),
    nameOf,
    beside,
  };
}
