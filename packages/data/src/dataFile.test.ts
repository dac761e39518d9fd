import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { isError } from '@selfjudge/base';
import { byteTokenizer } from '@selfjudge/text';
import { exactJson } from '@selfjudge/text/internal';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { dataFileParts, partsOf, readDataFile } from './dataFile.js';
import { loadJudgedPairs, loadLabelled, loadPreferences, loadPrompts, loadSftExamples } from './load.js';
import { argumentsOf } from './text.js';
import { preferenceSequences, sftSequence } from './tokenise.js';

/** Two rows, packed by zstd 1.5 with a checksum. */
const CHECKED = 'KLUv/QRo7QAAuHsicHJvbXB0Ijoib25lIn0KdHdvIn0KAQDJmEu1dUoN';

/** A row in two columns, Prompt and prompt, as pyarrow writes it. */
const TWICE =
  'UEFSMRUAFRYVFiwVAhUAFQYVBhwAAAACAAAAAgEBAAAAYRUAFRYVFiwVAhUAFQYVBhwAAAACAAAAAgEBAAAAYhUEGTw1ABgGc2NoZW1hFQQAFQwlAhgGUHJvbXB0JQBMHAAAABUMJQIYBnByb21wdCUATBwAAAAWAhkcGSwmABwVDBklBgAZGAZQcm9tcHQVABYCFjwWPCYISRwVABUAFQIAPBYCGQYZJgACAAAAJgAcFQwZJQYAGRgGcHJvbXB0FQAWAhY8FjwmREkcFQAVABUCADwWAhkGGSYAAgAAABZ4FgImCBZ4ACggcGFycXVldC1jcHAtYXJyb3cgdmVyc2lvbiAyNi4wLjEZLBwAABwAAADTAAAAUEFSMQ==';

const folder = mkdtempSync(join(tmpdir(), 'selfjudge-dataFile-'));
let writer: DuckDBConnection;
beforeAll(async () => {
  writer = await (await DuckDBInstance.create(':memory:')).connect();
});
afterAll(() => {
  writer.closeSync();
  rmSync(folder, { recursive: true });
});

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** What DuckDB writes of a query; another program than reads it, but for Parquet. */
async function written(name: string, query: string, format: string): Promise<string> {
  const path = join(folder, name);
  await writer.run(`COPY (${query}) TO '${path.replaceAll("'", "''")}' (${format})`);
  return path;
}

/** The lines of a file as zstd. */
const zstd = (name: string, path: string): Promise<string> =>
  written(
    name,
    `SELECT unnest(string_split(content, chr(10))[:-2]) FROM read_text('${path}')`,
    "FORMAT csv, HEADER false, DELIMITER '\x01', QUOTE '', ESCAPE '', COMPRESSION zstd",
  );

const failureOf = async (path: string): Promise<string> => {
  const failure: unknown = await readDataFile(path).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!isError(failure, 'SJ_FILE_FORMAT')) throw new Error('no FileFormatError', { cause: failure });
  return failure.message.replaceAll(folder, '');
};

const valuesOf = async (path: string) => (await readDataFile(path)).rows.map(({ value }) => value);

describe('one set of rows in every form', () => {
  const user = (content: string) => ({ role: 'user', content });
  const assistant = (content: string) => ({ role: 'assistant', content });
  const preferences = [
    { id: 'a', prompt: 'Why, "really"?', chosen: 'So.\n"Yes", \\ ü 🌳', rejected: '12', margin: 0.25 },
    { id: 'b', prompt: '007', chosen: '[1, 2]', rejected: '{"no": "messages"}', margin: null },
    { id: 'c', prompt: 'x', chosen: 'true', rejected: ' null ', margin: -3 },
  ];
  const conversations = [
    { messages: [user('q\n1'), assistant('yes, "it" is')], tools: '[{"name":"f","n":1.0}]' },
    { messages: [user('ü'), assistant('a'), user('b'), assistant('c')], tools: null },
  ];
  const labelled = [
    { prompt: [user('q')], completion: 'a', label: true },
    { prompt: [user('p, q')], completion: 'b', label: false },
  ];
  const judged = [
    { prompt: 'q', completions: ['a', 'b'], winner: 'tie' },
    { prompt: 'q', completions: ['a,"', '\n'], winner: 'a' },
  ];

  const cell = (value: unknown): string => {
    if (value === null) return '';
    return `"${(typeof value === 'string' ? value : JSON.stringify(value)).replaceAll('"', '""')}"`;
  };
  async function forms(name: string, rows: readonly object[]): Promise<Record<string, string>> {
    const names = Object.keys(rows[0]);
    const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    const table = (separator: string, end: string) =>
      [names, ...rows.map((row) => Object.values(row).map(cell))]
        .map((cells) => cells.join(separator) + end)
        .join('');
    const jsonl = file(`${name}.jsonl`, lines);
    return {
      jsonl,
      array: file(`${name}.json`, JSON.stringify(rows, null, 2)),
      gzip: file(`${name}.jsonl.gz`, gzipSync(lines)),
      zstd: await zstd(`${name}.jsonl.zst`, jsonl),
      csv: file(`${name}.csv`, table(',', '\n')),
      windows: file(`${name}-crlf.csv`, `\ufeff${table(';', '\r\n')}`),
      tsv: file(`${name}.tsv.gz`, gzipSync(table('\t', '\n'))),
      parquet: await written(`${name}.parquet`, `FROM read_json('${jsonl}')`, 'FORMAT parquet'),
      groups: await written(
        `${name}-small.parquet`,
        `FROM read_json('${jsonl}')`,
        'FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 2048',
      ),
    };
  }
  const placeless = (rows: readonly { place?: string; id: string }[]) =>
    JSON.stringify(rows.map((row) => ({ ...row, place: undefined, id: row.id.replace(/^.*:/, '') })));

  it.each([
    ['preferences', preferences, loadPreferences],
    ['conversations', conversations, loadSftExamples],
    ['labelled', labelled, loadLabelled],
    ['judged', judged, loadJudgedPairs],
  ] as const)('gives the same %s', async (name, rows, load) => {
    const all = await forms(name, rows);
    const expected = placeless((await load(all.jsonl)).rows);
    expect(JSON.parse(expected)).toHaveLength(rows.length);
    // A row of CSV stands where it begins, which is not its number where cells have line breaks.
    const withoutIds = (text: string) => text.replaceAll(/"id":"\d+"/g, '');
    for (const [form, path] of Object.entries(all)) {
      const given = await load(path);
      expect(withoutIds(placeless(given.rows)), form).toBe(withoutIds(expected));
      expect(given.issues, form).toEqual([]);
    }
  });

  it('gives the same tokens and labels', async () => {
    const tokenizer = byteTokenizer();
    const pairs = await forms('pairs', preferences);
    const talks = await forms('talks', conversations);
    const examplesOf = async (form: string) => [
      ...(await loadPreferences(pairs[form])).rows.map((row) => preferenceSequences(tokenizer, row).value),
      ...(await loadSftExamples(talks[form])).rows.map((row) => sftSequence(tokenizer, row).value),
    ];
    const expected = await examplesOf('jsonl');
    expect(expected.every((example) => example !== undefined)).toBe(true);
    for (const form of Object.keys(pairs)) expect(await examplesOf(form), form).toEqual(expected);
  });
});

describe('CSV', () => {
  it('keeps text as it stands, and tells null from empty text', async () => {
    const text =
      'id,prompt,chosen,rejected,margin,label\n7,"a\nb","",,1e-3,True\r\n8, x ,"q""r",s,"n/a",FALSE\n';
    expect(await valuesOf(file('cells.csv', text))).toEqual([
      { id: '7', prompt: 'a\nb', chosen: '', rejected: null, margin: 0.001, label: true },
      { id: '8', prompt: ' x ', chosen: 'q"r', rejected: 's', margin: 'n/a', label: false },
    ]);
  });

  it('leaves out rows that are torn or ragged, each with the line where it begins', async () => {
    const text = Buffer.concat([
      Buffer.from('prompt,chosen\n"a\nb",c\n\nonly one\n1,2,3\nx,a "quote"\n'),
      Buffer.from([0xff, 0x2c, 0x61, 0x0a]),
      Buffer.from('"a"b,c\nlast,row'),
    ]);
    const { rows, issues } = await readDataFile(file('ragged.csv', text));
    expect(rows).toMatchObject([
      { line: 2, value: { prompt: 'a\nb', chosen: 'c' } },
      { line: 10, value: { prompt: 'last', chosen: 'row' } },
    ]);
    expect(issues.map(({ line, reason }) => [line, reason])).toEqual([
      [5, 'expected 2 cells, as the header has, received 1'],
      [6, 'expected 2 cells, as the header has, received 3'],
      [7, expect.stringMatching(/a quote stands within/)],
      [8, expect.stringMatching(/not valid for encoding utf-8/)],
      [9, expect.stringMatching(/a quote stands within/)],
    ]);
  });

  it('is told by its header, in whatever file', async () => {
    for (const [name, text] of [
      ['data', 'id\tprompt\n1\ta\n'],
      ['data.txt', '"id";"prompt"\n1;a\n'],
      ['data.csv.gz', gzipSync('\ufeff"id",prompt,\n1,a,0\n')],
    ] as const)
      expect(await valuesOf(file(name, text))).toEqual([{ id: '1', prompt: 'a' }]);
    expect(await valuesOf(file('other.csv', 'question\nwhy\n'))).toEqual([{ question: 'why' }]);
    expect(await valuesOf(file('json.csv', '{"a":1}\n'))).toEqual([{ a: 1 }]);
  });

  it('refuses a name twice, a quote without end and a header that is none', async () => {
    expect(await failureOf(file('twice.csv', 'a,prompt, a\n1,2,3\n'))).toMatch(
      /twice\.csv:1: .*received the name 'a' twice/,
    );
    expect(await failureOf(file('open.csv', 'prompt,chosen\na,b\n"c,d\ne,f\n'))).toMatch(
      /open\.csv:3: expected a quote .* received the end of the file/,
    );
    expect(await failureOf(file('bytes.csv', Buffer.from([0xff, 0x2c, 0x61])))).toMatch(/:1: .*a header/);
  });
});

describe('zstd', () => {
  it('is read in several frames, and its checksums are compared', async () => {
    const path = await zstd('whole.zst', file('whole.jsonl', '{"a":1}\n{"a":"ü"}\n'));
    const whole = readFileSync(path);
    const skippable = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    expect(await valuesOf(file('two.zst', Buffer.concat([whole, skippable, whole])))).toHaveLength(4);
    expect(await failureOf(file('torn.zst', whole.subarray(0, -3)))).toMatch(/ends within a frame/);
    expect(await failureOf(file('more.zst', Buffer.concat([whole, Buffer.from('more')])))).toMatch(
      /at byte \d+: expected zstd, received a frame that begins with 6d6f7265/,
    );
  });

  it('refuses bytes that changed', async () => {
    const packed = Buffer.from(CHECKED, 'base64');
    expect(await valuesOf(file('checked.zst', packed))).toEqual([{ prompt: 'one' }, { prompt: 'two' }]);
    for (let at = 6; at < packed.length; at++) {
      const changed = Buffer.from(packed);
      changed[at] ^= 1;
      await expect(readDataFile(file('changed.zst', changed))).rejects.toThrow(/expected zstd/);
    }
  });

  it('refuses what becomes far larger, and windows that take the memory', async () => {
    const bomb = await written(
      'bomb.zst',
      "SELECT '{}' FROM range(20_000_000)",
      "FORMAT csv, HEADER false, QUOTE '', DELIMITER '\x01', COMPRESSION zstd",
    );
    expect(await failureOf(bomb)).toMatch(/zstd that becomes at most 200 times as large/);
    const wide = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xf8, 1, 0, 0]);
    expect(await failureOf(file('wide.zst', wide))).toMatch(/a window of \d+ bytes/);
  });
});

it('a line, or an array, that does not end is an error before it takes all memory', async () => {
  const part = Buffer.alloc(1 << 24, 'a');
  const endless = async function* (start: string): AsyncGenerator<Buffer> {
    yield Buffer.from(start);
    for (let i = 0; i < 64; i++) yield part;
  };
  const failure = async (start: string) => {
    const reading = partsOf('rows', endless(start));
    const all = (async () => {
      for await (const _ of reading);
    })();
    return (await all.catch((error: unknown) => error)) as Error;
  };
  expect((await failure('{"prompt":"q"}\n{"prompt":"')).message).toMatch(
    /rows:2: expected lines of at most 67108864 bytes, received one that is longer/,
  );
  expect((await failure('prompt,chosen\n"q')).message).toMatch(/rows:2: expected lines of at most/);
  expect((await failure('[{"prompt":"')).message).toMatch(/a JSON array \(of over 536869888 bytes/);
});

describe('Parquet', () => {
  it('keeps numbers to the digit, and what JSON has no name for as text or null', async () => {
    const path = await written(
      'types.parquet',
      `SELECT 12345678901234567890::UBIGINT AS id, 'q' AS prompt, 0.1::DOUBLE AS margin, 'nan'::DOUBLE AS nan,
        TIMESTAMP '2024-02-03 04:05:06' AS at, 'x'::BLOB AS raw, [{'image': 'x'::BLOB}] AS images, true AS label,
        [{'name': 'f', 'most': 1.0::DOUBLE, 'least': 9007199254740993}] AS tools, NULL AS none`,
      'FORMAT parquet',
    );
    const [row] = await valuesOf(path);
    expect(row).toMatchObject({
      prompt: 'q',
      margin: 0.1,
      nan: null,
      at: '2024-02-03 04:05:06',
      label: true,
    });
    expect(Object.keys(row)).not.toContain('raw');
    expect(Object.keys(row)).not.toContain('images');
    // What the chat template shows is what the file holds: 1.0, and an integer that no double has.
    const [{ prompt }] = (await loadPrompts(path, { promptFormat: 'chat' })).rows;
    expect(argumentsOf(prompt)).toEqual({
      tools: exactJson('[{"name":"f","most":1.0,"least":9007199254740993}]'),
    });
  });

  it('comes in the order of the file, in parts', async () => {
    const path = await written(
      'many.parquet',
      "SELECT i AS n, repeat('x', 500) || i AS prompt FROM range(30000) t(i)",
      'FORMAT parquet, ROW_GROUP_SIZE 4096',
    );
    let next = 0;
    let most = 0;
    for await (const { rows } of dataFileParts(path)) {
      most = Math.max(most, rows.length);
      for (const { line, value } of rows) expect([line, value.n]).toEqual([++next, next - 1]);
    }
    expect(next).toBe(30_000);
    expect(most).toBeLessThanOrEqual(2048);
    // Whoever is told how far it is gets the same rows.
    const told: number[] = [];
    expect((await readDataFile(path, { onBytes: (bytes) => void told.push(bytes) })).rows).toHaveLength(
      30_000,
    );
    expect(told.at(-1)).toBe(statSync(path).size);
    // Whoever has seen enough ends it.
    for await (const { rows } of dataFileParts(path)) {
      expect(rows[0].line).toBe(1);
      break;
    }
  });

  it('is read from the file named, whatever its name means elsewhere', async () => {
    await written('x1.parquet', "SELECT 'other' AS prompt", 'FORMAT parquet');
    const path = await written(
      "x[1]*?'--.parquet",
      "SELECT 'this' AS prompt, 'r' AS row_of_file",
      'FORMAT parquet',
    );
    expect(await valuesOf(path)).toEqual([{ prompt: 'this', row_of_file: 'r' }]);
  });

  it('refuses what is torn, damaged or another file, and columns of one name', async () => {
    const whole = readFileSync(
      await written('whole.parquet', "SELECT 'q' || i AS prompt FROM range(3000) t(i)", 'FORMAT parquet'),
    );
    expect(await failureOf(file('torn.parquet', whole.subarray(0, -20)))).toMatch(/No magic bytes/);
    expect(await failureOf(file('head.parquet', 'PAR1'))).toMatch(/expected Parquet, received .*too small/);
    const changed = Buffer.from(whole);
    changed.fill(0xee, 40, 400);
    expect(await failureOf(file('changed.parquet', changed))).toMatch(/expected Parquet, received/);
    expect(await failureOf(file('packed.parquet.gz', gzipSync(whole)))).toMatch(
      /packed once more\nunpack it/,
    );
    expect(await failureOf(file('case.parquet', Buffer.from(TWICE, 'base64')))).toMatch(
      /the name 'prompt' twice, among Prompt, prompt/,
    );
  });

  it('refuses a small file that becomes an enormous one', async () => {
    const bomb = await written(
      'bomb.parquet',
      "SELECT repeat('x', 100000) AS prompt FROM range(100)",
      'FORMAT parquet, COMPRESSION zstd',
    );
    expect(await failureOf(bomb)).toMatch(/Parquet that becomes at most 200 times as large/);
  });
});
