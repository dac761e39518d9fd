import { HubError } from '@selfjudge/base';
import { listed } from './listed.js';
import type { RepositoryFile } from './repositoryFiles.js';

/** Files that say what a model is and how it is spoken to, where they lie in its folder. */
const TEXTS: ReadonlySet<string> = new Set(
  (
    'config.json generation_config.json adapter_config.json tokenizer.json tokenizer_config.json tokenizer.model ' +
    'special_tokens_map.json added_tokens.json chat_template.jinja chat_template.json ' +
    // What training saves beside weights.
    'judge_template.yaml judge_calibration.json chat_template_kwargs.json training_data.json'
  ).split(' '),
);
const TEMPLATES = /^additional_chat_templates\/[^/]+\.jinja$/;
/** Of weights the beginnings of names: of a model, of PEFT's adapters, of mlx-lm's. */
const STEMS = ['model', 'adapter_model', 'adapters'];
const OTHER_WEIGHTS = /\.(bin|pth?|h5|msgpack|onnx|ckpt|npz)$/i;
const SPLIT = /^(.*)-\d{5}-of-(\d{5})\.gguf$/i;

/** Of the names in a folder, those that make a model beside its weights. */
export const isTextOfModel = (name: string): boolean => TEXTS.has(name) || TEMPLATES.test(name);

/** Of the names in a folder, weights as they are read here. */
export const isWeights = (name: string): boolean =>
  /\.gguf$/i.test(name) || STEMS.some((stem) => name === `${stem}.safetensors` || isShard(stem, name));

const isShard = (stem: string, name: string): boolean =>
  name === `${stem}.safetensors.index.json` ||
  (name.startsWith(`${stem}-`) && /-\d{5}-of-\d{5}\.safetensors$/.test(name));

export interface ModelFiles {
  /** What is fetched whatever it says. */
  files: RepositoryFile[];
  /** Lists of shards among them, which name the further files. */
  indexes: RepositoryFile[];
}

/**
 * The files that a model or adapter is opened from, of all that its repository has: one kind of weights, no checkpoints of
 * other libraries.
 *
 * @param name as it was written, for errors
 * @throws HubError where there are no weights that can be read, naming what there is
 */
export function modelFiles(all: readonly RepositoryFile[], name: string): ModelFiles {
  const texts = all.filter(({ path }) => isTextOfModel(path));
  const at = (path: string) => all.find((file) => file.path === path);
  const isModel = texts.some(({ path }) => path === 'config.json' || path === 'adapter_config.json');
  // Where a folder has both, the single file is the one that is read.
  const weights = STEMS.flatMap(
    (stem) => at(`${stem}.safetensors`) ?? at(`${stem}.safetensors.index.json`) ?? [],
  );
  if (!isModel || weights.length === 0) throw withoutWeights(all, name);
  return { files: [...texts, ...weights], indexes: weights.filter(({ path }) => path.endsWith('.json')) };
}

/**
 * The shards that an index names.
 * @param index its contents
 * @throws HubError for one that is none, and for files that the repository does not have
 */
export function shardsIn(index: string, all: readonly RepositoryFile[], name: string): RepositoryFile[] {
  const error = (received: string) =>
    new HubError({ asked: name, expected: 'a list of shards that are in the repository', received });
  let map: unknown;
  try {
    map = (JSON.parse(index) as { weight_map?: unknown }).weight_map;
  } catch (cause) {
    throw error((cause as Error).message);
  }
  if (typeof map !== 'object' || map === null) throw error('one without weight_map');
  return [...new Set(Object.values(map))].map((path) => {
    const file = all.find((one) => one.path === path);
    if (file === undefined) throw error(`${JSON.stringify(path)}, which is none of its files`);
    return file;
  });
}

/** A GGUF file, and where it is a shard all others of its model. @throws HubError where it is not there */
export function ggufFiles(all: readonly RepositoryFile[], file: string, name: string): RepositoryFile[] {
  const [, stem, count] = SPLIT.exec(file) ?? [];
  const found = all.filter(({ path }) => {
    const [, otherStem, otherCount] = SPLIT.exec(path) ?? [];
    return path === file || (stem !== undefined && otherStem === stem && otherCount === count);
  });
  if (found.some(({ path }) => path === file)) return found;
  const ggufs = ggufsIn(all);
  throw new HubError({
    asked: name,
    expected: `the file ${file} in its repository`,
    received: ggufs.length === 0 ? 'none such' : listed(ggufs),
  });
}

const ggufsIn = (all: readonly RepositoryFile[]): string[] =>
  all.map(({ path }) => path).filter((path) => /\.gguf$/i.test(path));

function withoutWeights(all: readonly RepositoryFile[], name: string): HubError {
  const error = (received: string, advice: string) =>
    new HubError({
      asked: name,
      expected: 'a model or adapter (config.json or adapter_config.json, with safetensors)',
      received,
      advice,
    });
  const ggufs = ggufsIn(all);
  const [id] = name.replace(/^hf:\/\/(models\/)?/, '').split('@');
  if (ggufs.length > 0) {
    const [first] = ggufs.toSorted((a, b) => a.length - b.length);
    return error(`GGUF files: ${listed(ggufs)}`, `name the one that is meant: ${id}/${first}`);
  }
  const others = all.map(({ path }) => path).filter((path) => OTHER_WEIGHTS.test(path));
  if (others.length > 0)
    return error(
      `weights of other kinds: ${listed(others)}`,
      'they are not read here; save it as safetensors with transformers (save_pretrained), which reads them',
    );
  return error(all.length === 0 ? 'no file' : listed(all.map(({ path }) => path)), 'look at its page');
}
