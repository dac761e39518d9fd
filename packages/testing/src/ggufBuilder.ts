/** Metadata types by name, in the order of their numbers. */
const KINDS = [
  'u8',
  'i8',
  'u16',
  'i16',
  'u32',
  'i32',
  'f32',
  'bool',
  'string',
  'array',
  'u64',
  'i64',
  'f64',
] as const;
type Kind = Exclude<(typeof KINDS)[number], 'array'>;
type Value = number | bigint | boolean | string;

/** Writes small GGUF files (version 3) for tests. */
export class GgufBuilder {
  #values: Buffer[] = [];
  #tensors: { name: string; type: number; dimensions: number[]; data: Uint8Array }[] = [];

  value(key: string, kind: Kind, value: Value): this {
    return this.entry(ggufEntry(key, kind, value));
  }

  list(key: string, kind: Kind, values: readonly Value[]): this {
    return this.entry(ggufEntry(key, kind, values));
  }

  /** @param bytes of `ggufEntry` */
  entry(bytes: Buffer): this {
    this.#values.push(bytes);
    return this;
  }

  /** @param dimensions fastest first, as the file has them. */
  tensor(name: string, type: number, dimensions: number[], data: Uint8Array): this {
    this.#tensors.push({ name, type, dimensions, data });
    return this;
  }

  bytes(alignment = 32): Buffer {
    const parts: Uint8Array[] = [
      Buffer.from('GGUF'),
      u32(3),
      u64(this.#tensors.length),
      u64(this.#values.length),
      ...this.#values,
    ];
    let offset = 0;
    for (const { name, type, dimensions, data } of this.#tensors) {
      parts.push(text(name), u32(dimensions.length), ...dimensions.map(u64), u32(type), u64(offset));
      offset += Math.ceil(data.length / alignment) * alignment;
    }
    const header = parts.reduce((sum, part) => sum + part.length, 0);
    parts.push(Buffer.alloc(padding(header, alignment)));
    for (const { data } of this.#tensors) parts.push(data, Buffer.alloc(padding(data.length, alignment)));
    return Buffer.concat(parts);
  }
}

/** A metadata value, or a list of them, as the file has it. */
export function ggufEntry(key: string, kind: Kind, value: Value | readonly Value[]): Buffer {
  const type = u32(KINDS.indexOf(kind));
  if (!Array.isArray(value)) return Buffer.concat([text(key), type, encode(kind, value as Value)]);
  const values = (value as readonly Value[]).map((each) => encode(kind, each));
  return Buffer.concat([text(key), u32(KINDS.indexOf('array')), type, u64(values.length), ...values]);
}

function padding(length: number, alignment: number): number {
  return Math.ceil(length / alignment) * alignment - length;
}

function u32(n: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(n);
  return bytes;
}

function u64(n: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(n));
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}

function encode(kind: Kind, value: Value): Buffer {
  const n = Number(value);
  switch (kind) {
    case 'string':
      return text(String(value));
    case 'bool':
    case 'u8':
      return Buffer.from(Uint8Array.of(n).buffer);
    case 'i8':
      return Buffer.from(Int8Array.of(n).buffer);
    case 'u16':
      return Buffer.from(Uint16Array.of(n).buffer);
    case 'i16':
      return Buffer.from(Int16Array.of(n).buffer);
    case 'u32':
      return Buffer.from(Uint32Array.of(n).buffer);
    case 'i32':
      return Buffer.from(Int32Array.of(n).buffer);
    case 'f32':
      return Buffer.from(Float32Array.of(n).buffer);
    case 'f64':
      return Buffer.from(Float64Array.of(n).buffer);
    case 'u64':
      return Buffer.from(BigUint64Array.of(BigInt(value)).buffer);
    case 'i64':
      return Buffer.from(BigInt64Array.of(BigInt(value)).buffer);
  }
}
