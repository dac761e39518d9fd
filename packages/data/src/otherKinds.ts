import { FileFormatError } from '@selfjudge/base';

/** What files that are no text begin with, in latin1. */
const MAGIC: readonly [start: string, kind: string][] = [
  ['PAR1', 'Parquet'],
  ['ARROW1', 'Arrow'],
  ['SQLite format 3', 'an SQLite database'],
  ['PK\x03\x04', 'a zip archive'],
  ['\x28\xb5\x2f\xfd', 'zstd'],
  ['\xfd7zXZ\x00', 'xz'],
  ['BZh', 'bzip2'],
  ['\xff\xfe', 'UTF-16 text'],
  ['\xfe\xff', 'UTF-16 text'],
  ['version https://git-lfs.github.com/', 'a git-lfs pointer, not the file it stands for'],
];

const EXPECTED = 'JSONL, a JSON object a line, or one JSON array of objects';
const COLUMNS = /^\W*(id|prompt|chosen|rejected|completion|completions|messages|question|text|a|b)\W*$/;

/** @throws FileFormatError for bytes of a kind of file that is known and not read, with what to do */
export function refuseOtherKinds(path: string, head: Buffer): void {
  const start = head.toString('latin1', 0, 64);
  const kind = MAGIC.find(([magic]) => start.startsWith(magic))?.[1];
  if (kind !== undefined) throw other(path, kind);
}

/** @throws FileFormatError when the first line of a file, which is no JSON, begins an object or a table */
export function refuseOthers(path: string, line: string): void {
  if (line === '{') throw other(path, 'one JSON object over several lines');
  const separator = [',', '\t', ';'].find((character) =>
    line.split(character).some((cell) => COLUMNS.test(cell)),
  );
  const named = /\.(csv|tsv)(\.gz)?$/i.test(path);
  if (separator !== undefined && !/[{[]/.test(line) && (named || line.includes(separator)))
    throw other(path, separator === '\t' ? 'a table (TSV)' : 'a table (CSV)');
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
  const readers: Record<string, string> = {
    Parquet: 'parquet',
    Arrow: 'arrow',
    'a table (CSV)': 'csv',
    'a table (TSV)': 'csv',
  };
  const reader = readers[kind];
  if (reader === undefined) return 'unpack it first, or pack it with gzip';
  const more = kind === 'a table (TSV)' ? ", sep='\\t'" : '';
  return (
    'convert it: python -c "import datasets; ' +
    `datasets.load_dataset('${reader}', data_files='FILE', split='train'${more}).to_json('rows.jsonl')"`
  );
}
