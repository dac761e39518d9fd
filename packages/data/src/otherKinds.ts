import { FileFormatError } from '@selfjudge/base';

const PARQUET = 'PAR1';
/** What files that are no text begin with, in latin1. */
const MAGIC: readonly [start: string, kind: string][] = [
  [PARQUET, 'Parquet from the standard input, or packed once more'],
  ['ARROW1', 'Arrow'],
  ['SQLite format 3', 'an SQLite database'],
  ['PK\x03\x04', 'a zip archive'],
  ['\x28\xb5\x2f\xfd', 'zstd in another packing'],
  ['\xfd7zXZ\x00', 'xz'],
  ['BZh', 'bzip2'],
  ['\xff\xfe', 'UTF-16 text'],
  ['\xfe\xff', 'UTF-16 text'],
  ['version https://git-lfs.github.com/', 'a git-lfs pointer, not the file it stands for'],
];

const EXPECTED = 'JSONL, one JSON array of objects, CSV or Parquet';

export const isParquet = (head: Buffer): boolean => head.toString('latin1', 0, 4) === PARQUET;

/** @throws FileFormatError for bytes of a kind of file that is known and not read, with what to do */
export function refuseOtherKinds(path: string, head: Buffer): void {
  const start = head.toString('latin1', 0, 64);
  const kind = MAGIC.find(([magic]) => start.startsWith(magic))?.[1];
  if (kind !== undefined) throw other(path, kind);
}

/** @throws FileFormatError when the first line of a file, which is no JSON, begins an object of several lines */
export function refuseOthers(path: string, line: string): void {
  if (line === '{') throw other(path, 'one JSON object over several lines');
}

/** @throws FileFormatError for an array that is none */
export const refuseArray = (path: string, reason: string): never => {
  throw other(path, `what begins as a JSON array (${reason})`);
};

function other(path: string, received: string): FileFormatError {
  return new FileFormatError({ path, expected: EXPECTED, received, advice: adviceOn(received) });
}

function adviceOn(kind: string): string {
  if (kind.startsWith('a git-lfs')) return 'fetch the file itself: git lfs pull';
  if (kind.startsWith('one JSON object'))
    return 'write its rows one a line: jq -c ".ROWS[]" FILE > rows.jsonl';
  if (kind.startsWith('what begins')) return 'write its rows one a line: jq -c ".[]" FILE > rows.jsonl';
  if (kind === 'UTF-16 text') return 'convert it: iconv -f utf-16 -t utf-8 FILE > rows.jsonl';
  if (kind === 'Arrow')
    return (
      'convert it: python -c "import datasets; ' +
      `datasets.load_dataset('arrow', data_files='FILE', split='train').to_parquet('rows.parquet')"`
    );
  return 'unpack it first, or pack it with gzip';
}
