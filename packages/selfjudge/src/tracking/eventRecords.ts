import { crc32c } from './crc32c.js';

// An event file of TensorBoard is a TFRecord file of Event messages (tensorflow/core/util/event.proto). Of the message there
// is what scalars need: wall_time = 1 (double), step = 2 (int64), file_version = 3 (string), summary = 5; of a summary value = 1;
// of a value tag = 1 (string) and simple_value = 2 (float).

const DOUBLE = 1;
const BYTES = 2;
const FLOAT = 5;
const VARINT = 0;

const key = (field: number, wire: number): Buffer => varint((field << 3) | wire);

/** @param value from 0 to 2^53 - 1 */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) | 128);
  return Buffer.from([...bytes, left]);
}

function double(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([key(field, DOUBLE), bytes]);
}

function float(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([key(field, FLOAT), bytes]);
}

function lengthed(field: number, content: Buffer | string): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([key(field, BYTES), varint(bytes.length), bytes]);
}

/** A record of a TFRecord file: length, its checksum, the message, its checksum; checksums are CRC-32C, turned and shifted. */
function record(message: Buffer): Buffer {
  const length = Buffer.alloc(8);
  length.writeUInt32LE(message.length);
  return Buffer.concat([length, masked(length), message, masked(message)]);
}

function masked(bytes: Buffer): Buffer {
  const crc = crc32c(bytes);
  const out = Buffer.alloc(4);
  out.writeUInt32LE((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0);
  return out;
}

/** The record that an event file begins with. @param seconds since 1970 */
export const firstRecord = (seconds: number): Buffer =>
  record(Buffer.concat([double(1, seconds), lengthed(3, 'brain.Event:2')]));

/**
 * Scalars of one step.
 * @param seconds since 1970
 * @param scalars by their tags; numbers that are not finite are written as they are
 */
export const scalarsRecord = (
  seconds: number,
  step: number,
  scalars: Readonly<Record<string, number>>,
): Buffer => {
  const values = Object.entries(scalars).map(([tag, value]) =>
    lengthed(1, Buffer.concat([lengthed(1, tag), float(2, value)])),
  );
  const parts = [double(1, seconds), key(2, VARINT), varint(step), lengthed(5, Buffer.concat(values))];
  return record(Buffer.concat(parts));
};
