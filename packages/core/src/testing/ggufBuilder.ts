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
    this.#values.push(Buffer.concat([text(key), u32(KINDS.indexOf(kind)), encode(kind, value)]));
    return this;
  }

  list(key: string, kind: Kind, values: readonly Value[]): this {
    const head = [text(key), u32(KINDS.indexOf('array')), u32(KINDS.indexOf(kind)), u64(values.length)];
    this.#values.push(Buffer.concat([...head, ...values.map((value) => encode(kind, value))]));
    return this;
  }

  /** @param dimensions fastest first, as the file has them. */
  tensor(name: string, type: number, dimensions: number[], data: Uint8Array): this {
    this.#tensors.push({ name, type, dimensions, data });
    return this;
  }

  bytes(alignment = 32): Buffer {
    const parts = [
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
    parts.push(Buffer.alloc(padding(Buffer.concat(parts).length, alignment)));
    for (const { data } of this.#tensors)
      parts.push(Buffer.from(data), Buffer.alloc(padding(data.length, alignment)));
    return Buffer.concat(parts);
  }
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
