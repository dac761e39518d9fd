import { HubError } from '@selfjudge/base';
import { DATA_FILE_NAME } from '@selfjudge/data/internal';
import { listed } from './listed.js';
import type { RepositoryFile } from './repositoryFiles.js';

/** What data sets have beside their rows. */
const ABOUT = /(^|\/)(dataset_infos?|state|package|.*config)\.json$/i;
const ROWS = 'JSON lines, a JSON array, CSV or Parquet';
const OTHER_ROWS = /\.(arrow|zip|tar|txt|xml)(\.gz)?$/i;
const SHARD = /^(.*?)[-_.]\d{5}-of-(\d{5})(?:-[0-9a-f]+)?(?=\.)/;
/** The splits by the words that name them in files and folders, as the library datasets has it. */
const SPLITS = {
  train: ['train', 'training'],
  validation: ['validation', 'valid', 'val', 'dev'],
  test: ['test', 'testing', 'eval', 'evaluation'],
} as const;

/** A part of a data set as its files are named. */
export type NamedSplit = keyof typeof SPLITS;

/**
 * The files of rows that a data set's name means: the one that it names, the only one there is, or all shards of the split
 * that is wanted.
 *
 * @param name as it was written, for errors
 * @param wanted for whom several files may be: the split that a verb reads; undefined for who reads one file
 * @throws HubError where nobody can say which is meant, listing the files; where there are none that are read
 */
export function dataFiles(
  all: readonly RepositoryFile[],
  name: { text: string; id: string; file?: string },
  wanted?: NamedSplit,
): RepositoryFile[] {
  const { file } = name;
  if (file !== undefined) return [namedFile(all, name, file)];
  const rows = all.filter(({ path }) => DATA_FILE_NAME.test(path) && !ABOUT.test(path));
  if (rows.length === 0) throw withoutRows(all, name);
  const ofSplit = wanted === undefined ? [] : rows.filter(({ path }) => splitOf(path) === wanted);
  // What is there to test with is nothing to train on.
  const others = wanted === 'train' ? rows.filter(({ path }) => splitOf(path) === undefined) : rows;
  const found = [ofSplit, others].find(isOne);
  if (found === undefined) throw severalFiles(rows, name, wanted);
  return found.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** Whether files are one, or all shards of one. Those of several folders may be of several data sets: who mixes them should know. */
function isOne(files: readonly RepositoryFile[]): boolean {
  const shards = files.map(({ path }) => SHARD.exec(path));
  const [first] = shards;
  if (files.length <= 1 && !first) return files.length === 1;
  return (
    shards.every((shard) => shard?.[1] === first?.[1] && shard?.[2] === first?.[2]) &&
    files.length === Number(first?.[2])
  );
}

function splitOf(path: string): NamedSplit | undefined {
  const words = path.toLowerCase().split(/[^a-z]+/);
  const found = (Object.keys(SPLITS) as NamedSplit[]).filter((split) =>
    SPLITS[split].some((word) => words.includes(word)),
  );
  return found.length === 1 ? found[0] : undefined;
}

function namedFile(
  all: readonly RepositoryFile[],
  { text, id }: { text: string; id: string },
  file: string,
): RepositoryFile {
  const found = all.find(({ path }) => path === file);
  if (found === undefined)
    throw new HubError({
      asked: text,
      expected: `the file ${file} in the data set ${id}`,
      received: listed(all.map(({ path }) => path)),
    });
  if (OTHER_ROWS.test(file)) throw otherKind(text, id, [file]);
  return found;
}

function withoutRows(all: readonly RepositoryFile[], { text, id }: { text: string; id: string }): HubError {
  const others = all.map(({ path }) => path).filter((path) => OTHER_ROWS.test(path));
  if (others.length > 0) return otherKind(text, id, others);
  return new HubError({
    asked: text,
    expected: `files of rows (${ROWS}) in the data set ${id}`,
    received: all.length === 0 ? 'no file' : listed(all.map(({ path }) => path)),
  });
}

function otherKind(text: string, id: string, files: readonly string[]): HubError {
  return new HubError({
    asked: text,
    expected: ROWS,
    received: `files of another kind: ${listed(files)}`,
    advice:
      'convert it and give the file: python -c "import datasets; ' +
      `datasets.load_dataset('${id}', split='train').to_parquet('rows.parquet')"`,
  });
}

function severalFiles(
  rows: readonly RepositoryFile[],
  { text, id }: { text: string; id: string },
  wanted: NamedSplit | undefined,
): HubError {
  const one = wanted === undefined ? 'one file of rows' : `one file of rows, or one named ${wanted}`;
  return new HubError({
    asked: text,
    expected: `${one}, in the data set ${id}`,
    received: `${rows.length} that it could be: ${listed(rows.map(({ path }) => path))}`,
    advice: `name the one that is meant, or several: hf://datasets/${id}/${rows[0].path}`,
  });
}
