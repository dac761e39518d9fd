import { isError } from '@selfjudge/base';
import { describe, expect, it } from 'vitest';
import { dataFiles, type NamedSplit } from './dataFiles.js';

const of = (paths: string[], wanted?: NamedSplit, file?: string) => {
  const all = paths.map((path) => ({ path, size: 1, etag: '' }));
  try {
    return dataFiles(all, { text: 'owner/data', id: 'owner/data', file }, wanted).map(({ path }) => path);
  } catch (error) {
    expect(isError(error, 'SJ_HUB')).toBe(true);
    return (error as Error).message;
  }
};

describe('the files of a data set', () => {
  it('are the one there is, whatever lies beside it', () => {
    const beside = ['README.md', 'dataset_infos.json', '.gitattributes', 'data/config.json'];
    for (const name of [
      'rows.jsonl',
      'data/rows.json',
      'rows.jsonl.gz',
      'rows.csv',
      'a.jsonl.zst',
      'b.parquet',
    ])
      expect(of([name, ...beside])).toEqual([name]);
    expect(of(['test.jsonl'], 'test')).toEqual(['test.jsonl']);
    expect(of(['train.jsonl'], 'test')).toEqual(['train.jsonl']);
  });

  it('are all shards of one', () => {
    const shards = ['train-00001-of-00002.jsonl', 'train-00000-of-00002.jsonl'];
    expect(of(shards)).toEqual(shards.toSorted());
    expect(of([...shards, 'test-00000-of-00001.jsonl'], 'train')).toEqual(shards.toSorted());
    const parquet = ['data/test-00000-of-00001.parquet', 'data/train-00000-of-00001.parquet'];
    expect(of(parquet, 'train')).toEqual(parquet.slice(1));
    expect(of(shards.slice(1))).toMatch(/^owner\/data: expected one file of rows/);
    expect(of(['data/train-00000-of-00001-0a1b2c.json'])).toEqual(['data/train-00000-of-00001-0a1b2c.json']);
  });

  it('are those that are named for the split that is read', () => {
    const splits = ['train.jsonl', 'validation.jsonl', 'test.jsonl'];
    expect(of(splits, 'train')).toEqual(['train.jsonl']);
    expect(of(splits, 'test')).toEqual(['test.jsonl']);
    expect(of(['data/train/rows.jsonl', 'data/dev/rows.jsonl'], 'validation')).toEqual([
      'data/dev/rows.jsonl',
    ]);
    expect(of(['pairs.jsonl', 'eval.jsonl'], 'train')).toEqual(['pairs.jsonl']);
    expect(of(['constraint.jsonl', 'test.jsonl'], 'test')).toEqual(['test.jsonl']);
  });

  it('are never guessed', () => {
    expect(of(['train.jsonl', 'test.jsonl'])).toBe(
      'owner/data: expected one file of rows, in the data set owner/data, received 2 that it could be: train.jsonl, test.jsonl ' +
        '(name the one that is meant, or several: hf://datasets/owner/data/train.jsonl)',
    );
    expect(of(['a/train.jsonl.gz', 'b/train.jsonl.gz'], 'train')).toMatch(
      /expected one file of rows, or one named train, .*a\/train.jsonl.gz, b\/train/,
    );
    expect(of(['a.jsonl', 'b.jsonl'], 'train')).toMatch(/2 that it could be: a.jsonl, b.jsonl/);
    // What is there to test with is nothing to train on.
    expect(of(['test.jsonl'], 'train')).toMatch(/1 that it could be: test.jsonl/);
  });

  it('of other kinds are refused with what to do', () => {
    expect(of(['data/train-00000-of-00001.arrow', 'README.md'], 'train')).toMatch(
      /^owner\/data: expected JSON lines, a JSON array, CSV or Parquet, received files of another kind: data\/train-00000-of-00001.arrow \(convert it .*load_dataset\('owner\/data', split='train'\).to_parquet\('rows.parquet'\)"\)$/,
    );
    expect(of(['a.jsonl', 'rows.zip'], undefined, 'rows.zip')).toMatch(
      /received files of another kind: rows.zip/,
    );
    expect(of(['README.md'])).toMatch(/expected files of rows .*received README.md/);
    expect(of([])).toMatch(/received no file/);
  });

  it('may be named, whatever their name', () => {
    expect(of(['train.jsonl', 'x/odd.txt'], 'train', 'train.jsonl')).toEqual(['train.jsonl']);
    expect(of(['train.jsonl', 'x/odd'], 'train', 'x/odd')).toEqual(['x/odd']);
    expect(of(['train.jsonl'], 'train', 'none.jsonl')).toMatch(
      /expected the file none.jsonl in the data set owner\/data, received train.jsonl/,
    );
  });
});
