import type { Random } from '@selfjudge/base';

/** Values that break length fields: none, one, all bits, the edges of signed, unsigned and exact integers. */
const INTEGERS = [
  0n,
  1n,
  -1n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 40n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 63n,
];

/** Texts that break readers of text: ends of lines, NUL, invalid UTF-8, a byte order mark, half a surrogate pair. */
const TEXTS = [
  '\n',
  '\r\n',
  '\r',
  '\0',
  '\ufeff',
  '\u2028',
  '{',
  '}',
  '[',
  ']',
  '"',
  '\\',
  ',',
  ':',
  '  ',
  '%',
].map((text) => Buffer.from(text));
const BROKEN = [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80], [0xe2, 0x82]].map(
  (bytes) => Buffer.from(bytes),
);

/**
 * `bytes` with one to four mutations, each noted in `how`.
 * @param others valid inputs to splice with
 * @param hot places where mutations fall half of the time: those of lengths and counts, see `smallIntegers`
 */
export function mutateBytes(
  bytes: Buffer,
  random: Random,
  how: string[],
  { others = [], hot = [] }: { others?: readonly Buffer[]; hot?: readonly number[] } = {},
): Buffer {
  let out = bytes;
  for (let n = rounds(random); n > 0; n--) {
    const place = hot.length > 0 && random.below(2) === 0 ? random.choice(hot) : random.below(out.length + 1);
    const at = Math.min(place, out.length);
    out = random.choice(MUTATIONS)(out, at, random, how, others);
  }
  return out;
}

/** Places of 64-bit little-endian integers from 1 to 4096: in a binary format, most of its lengths and counts. */
export function smallIntegers(bytes: Buffer): number[] {
  const places: number[] = [];
  for (let i = 0; i + 8 <= bytes.length; i++) {
    const value = bytes.readBigUInt64LE(i);
    if (value >= 1n && value <= 4096n) places.push(i);
  }
  return places;
}

/** One most of the time, four at most. */
export function rounds(random: Random): number {
  let n = 1;
  while (n < 4 && random.below(3) === 0) n++;
  return n;
}

type Mutation = (
  bytes: Buffer,
  at: number,
  random: Random,
  how: string[],
  others: readonly Buffer[],
) => Buffer;

const flip: Mutation = (bytes, at, random, how) => {
  if (at >= bytes.length) return bytes;
  const out = Buffer.from(bytes);
  const bit = random.below(8);
  out[at] ^= 1 << bit;
  how.push(`bit ${bit} of byte ${at} flipped`);
  return out;
};

const setByte: Mutation = (bytes, at, random, how) => {
  if (at >= bytes.length) return bytes;
  const out = Buffer.from(bytes);
  out[at] = random.below(256);
  how.push(`byte ${at} set to ${out[at]}`);
  return out;
};

const setInteger: Mutation = (bytes, at, random, how) => {
  const width = 1 << random.below(4);
  if (at + width > bytes.length) return bytes;
  const out = Buffer.from(bytes);
  const size = BigInt(bytes.length);
  const value = random.choice([...INTEGERS, size, size - 1n, size + 1n]);
  for (let i = 0; i < width; i++) out[at + i] = Number((value >> BigInt(8 * i)) & 255n);
  how.push(`${value} in ${width} bytes at ${at}`);
  return out;
};

const truncate: Mutation = (bytes, at, _, how) => {
  how.push(`cut to ${at} bytes`);
  return bytes.subarray(0, at);
};

const remove: Mutation = (bytes, at, random, how) => {
  const length = stretch(random, bytes.length - at);
  how.push(`${length} bytes removed at ${at}`);
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
};

const duplicate: Mutation = (bytes, at, random, how) => {
  const part = bytes.subarray(at, at + stretch(random, bytes.length - at));
  // Now and then so often that the input becomes a long one.
  const times = random.below(100) === 0 ? Math.ceil(30_000 / Math.max(part.length, 1)) : 1;
  const to = random.below(bytes.length + 1);
  how.push(`${part.length} bytes at ${at} repeated ${times} times at ${to}`);
  return insert(bytes, to, Buffer.concat(Array.from({ length: times }, () => part)));
};

const insertRandom: Mutation = (bytes, at, random, how) => {
  const part = Buffer.alloc(1 + random.below(16), random.choice([0, 255]));
  if (random.below(2) === 0) for (let i = 0; i < part.length; i++) part[i] = random.below(256);
  how.push(`bytes ${part.toString('hex')} put in at ${at}`);
  return insert(bytes, at, part);
};

const insertText: Mutation = (bytes, at, random, how) => {
  const part = random.choice(random.below(2) === 0 ? TEXTS : BROKEN);
  how.push(`bytes ${part.toString('hex')} put in at ${at}`);
  return insert(bytes, at, part);
};

const splice: Mutation = (bytes, at, random, how, others) => {
  if (others.length === 0) return truncate(bytes, at, random, how, others);
  const which = random.below(others.length);
  const from = random.below(others[which].length + 1);
  how.push(`from ${at} on as valid input ${which} from ${from} on`);
  return Buffer.concat([bytes.subarray(0, at), others[which].subarray(from)]);
};

const MUTATIONS: readonly Mutation[] = [
  flip,
  flip,
  setByte,
  setInteger,
  setInteger,
  truncate,
  remove,
  duplicate,
  insertRandom,
  insertText,
  splice,
];

function insert(bytes: Buffer, at: number, part: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at)]);
}

/** Mostly short, sometimes up to all that is left. */
function stretch(random: Random, left: number): number {
  return random.below(Math.min(left, random.below(3) === 0 ? left : 16) + 1);
}
