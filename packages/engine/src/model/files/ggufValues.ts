import { ArgumentError } from '@selfjudge/base';
import { flag, kind, list, number, whole, type Check } from '@selfjudge/base/checks';

/** What JavaScript has for a metadata value of each type. */
interface Values {
  u8: number;
  i8: number;
  u16: number;
  i16: number;
  u32: number;
  i32: number;
  f32: number;
  f64: number;
  u64: number | bigint;
  i64: number | bigint;
  bool: boolean;
  string: string;
}

/** A metadata value to write, or an array of them. Numbers must be in the range of their type, and finite. */
export type GgufEntry = {
  [Type in keyof Values]: { key: string; type: Type; value: Values[Type] | readonly Values[Type][] };
}[keyof Values];

type Scalar = Values[keyof Values];

interface Encoding {
  /** Of the type, in the file. */
  id: number;
  check: Check;
  /** The file's bytes of a value that passed the check. */
  encode: (value: Scalar) => Uint8Array;
}

const bytes = ({ buffer }: { buffer: ArrayBufferLike }): Uint8Array => new Uint8Array(buffer);

const wide = (min: bigint, max: bigint): Check =>
  kind(`a whole number from ${min} to ${max}`, (value) => {
    const whole = typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
    return typeof whole === 'bigint' && whole >= min && whole <= max;
  });

const float32 = kind(
  'a finite number of float32',
  (value) => typeof value === 'number' && Number.isFinite(Math.fround(value)),
);

/** UTF-8 has no half of a character: what was written would be another text. */
const unicode = kind(
  'a string without halves of characters',
  (value) => typeof value === 'string' && Buffer.from(value).toString() === value,
);

const ENCODINGS: Readonly<Record<keyof Values, Encoding>> = {
  u8: { id: 0, check: whole(0, 255), encode: (value) => Uint8Array.of(Number(value)) },
  i8: { id: 1, check: whole(-128, 127), encode: (value) => bytes(Int8Array.of(Number(value))) },
  u16: { id: 2, check: whole(0, 65535), encode: (value) => bytes(Uint16Array.of(Number(value))) },
  i16: { id: 3, check: whole(-32768, 32767), encode: (value) => bytes(Int16Array.of(Number(value))) },
  u32: { id: 4, check: whole(0, 2 ** 32 - 1), encode: (value) => bytes(Uint32Array.of(Number(value))) },
  i32: {
    id: 5,
    check: whole(-(2 ** 31), 2 ** 31 - 1),
    encode: (value) => bytes(Int32Array.of(Number(value))),
  },
  f32: { id: 6, check: float32, encode: (value) => bytes(Float32Array.of(Number(value))) },
  bool: { id: 7, check: flag, encode: (value) => Uint8Array.of(Number(value)) },
  string: {
    id: 8,
    check: unicode,
    encode: (value) => {
      const text = Buffer.from(String(value));
      return Buffer.concat([encoded('u64', text.length), text]);
    },
  },
  u64: {
    id: 10,
    check: wide(0n, 2n ** 64n - 1n),
    encode: (value) => bytes(BigUint64Array.of(BigInt(value))),
  },
  i64: {
    id: 11,
    check: wide(-(2n ** 63n), 2n ** 63n - 1n),
    encode: (value) => bytes(BigInt64Array.of(BigInt(value))),
  },
  f64: { id: 12, check: number(), encode: (value) => bytes(Float64Array.of(Number(value))) },
};
const ARRAY = 9;

export const ENTRY_TYPES: readonly string[] = Object.keys(ENCODINGS);

/** The file's bytes of a value, which is not checked. */
export function encoded(type: keyof Values, value: Scalar): Uint8Array {
  return ENCODINGS[type].encode(value);
}

/** @throws ArgumentError for a name that is empty, longer than readers of the format take, or no text of theirs */
export function checkName(name: string, what: string, where: string, longest: number): void {
  unicode(name, what, where);
  const length = Buffer.byteLength(name);
  // In C a zero ends a name.
  if (length > 0 && length <= longest && !name.includes('\0')) return;
  const expected = `a name of 1 to ${longest} bytes, none of them 0`;
  throw new ArgumentError(what, { where, expected, received: name });
}

/**
 * A metadata value as the file has it, its key first. Format: ggml's docs/gguf.md.
 * @throws ArgumentError naming the key
 */
export function encodedEntry({ key, type, value }: GgufEntry, where: string): Uint8Array {
  checkName(key, 'metadata', where, 2 ** 16 - 1);
  const { id, check, encode } = ENCODINGS[type];
  const name = encoded('string', key);
  if (typeof value !== 'object') {
    check(value, `'${key}'`, where);
    return Buffer.concat([name, encoded('u32', id), encode(value)]);
  }
  list(check)(value, `'${key}'`, where);
  const elements = Array.from<Scalar, Uint8Array>(value, encode);
  const head = [encoded('u32', ARRAY), encoded('u32', id), encoded('u64', value.length)];
  return Buffer.concat([name, ...head, ...elements]);
}
