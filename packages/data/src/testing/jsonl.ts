import { gzipSync } from 'node:zlib';

import { mutateBytes, mutateJson, type FuzzCase, type FuzzTarget } from '@selfjudge/testing/fuzz/index';

import { partsOf } from '../dataFile.js';
import { describeIssues } from '../problem.js';
import { ROWS } from './rows.js';

interface Input {
  bytes: Buffer;
  /** Where the bytes are cut into chunks. */
  cuts: number[];
}

async function* chunks({ bytes, cuts }: Input): AsyncGenerator<Buffer> {
  let start = 0;
  for (const cut of [...cuts, bytes.length]) {
    if (cut > start) yield bytes.subarray(start, cut);
    start = Math.max(start, cut);
  }
}

const GOOD = Buffer.from(ROWS.map((row) => `${JSON.stringify(row)}\n`).join(''));
const PACKED = gzipSync(GOOD);
const TABLE = Buffer.from(
  'id,prompt,messages\n1,"a ""b"",\nc",\n2,ü,"[{""role"":""user"",""content"":""a""}]"\r\n3,"",[]\n',
);
const LINES = ['\n', '{}\n', 'x\n', '{"prompt":"a"}\n', ' ', '{"a":', '\0', '[],'].map((text) =>
  Buffer.from(text),
);

/** JSONL files, gzipped too, and CSV, in chunks as streams give them. */
export function jsonlTarget(): FuzzTarget<Input> {
  return {
    name: 'JSONL',
    // The streams have chunks and windows of their own.
    fixedBuffers: 1 << 20,
    // Ten thousand broken lines, each an error with its place in the program.
    fixedHeap: 20 << 20,
    make(random): FuzzCase<Input> {
      const how: string[] = [];
      let bytes: Buffer;
      switch (random.below(9)) {
        case 0:
          bytes = mutateBytes(PACKED, random, how, { others: [GOOD] });
          break;
        case 1:
          bytes = gzipSync(mutateBytes(GOOD, random, how));
          how.push('gzipped');
          break;
        case 2: {
          const line = random.choice(LINES);
          const times = random.below(100) === 0 ? 3_000_000 / line.length : random.below(200);
          const text = Buffer.alloc(Math.ceil(times) * line.length, line);
          bytes = times > 200 ? gzipSync(text) : text;
          how.push(
            `${JSON.stringify(line.toString())} ${Math.ceil(times)} times${times > 200 ? ', gzipped' : ''}`,
          );
          break;
        }
        case 3:
          bytes = Buffer.concat([mutateJson(random.choice(ROWS), random, how), Buffer.from('\r\n'), GOOD]);
          break;
        case 4:
          bytes = mutateBytes(TABLE, random, how, { others: [GOOD] });
          break;
        default:
          bytes = mutateBytes(GOOD, random, how, { others: [GOOD, PACKED] });
      }
      const cuts = Array.from({ length: random.below(3) }, () => random.below(bytes.length + 1));
      // What may come out of a gzipped file.
      const size = bytes[0] === 0x1f ? Math.max(200 * bytes.length, 1 << 20) : bytes.length;
      return { input: { bytes, cuts: cuts.sort((a, b) => a - b) }, size, how };
    },
    async parse(input) {
      const lines: number[] = [];
      for await (const { rows, issues } of partsOf('rows.jsonl', chunks(input))) {
        describeIssues(issues);
        lines.push(...[...rows, ...issues].map(({ line }) => line));
      }
      if (new Set(lines).size !== lines.length) throw new Error('a line that is a row and an issue');
    },
  };
}
