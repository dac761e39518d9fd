/** A field of a protobuf message: its number, and its value as the wire has it. */
export interface Field {
  number: number;
  /** Of a varint. Numbers beyond 2^53 lose their last bits. */
  varint?: number;
  /** Of bytes, strings, messages and packed lists; four or eight bytes of numbers of fixed width. */
  bytes?: Uint8Array;
}

/** The fields of a message in their order. @throws Error where the bytes are none */
export function* fieldsOf(message: Uint8Array): Iterable<Field> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      if (at >= message.length || scale > 2 ** 63)
        throw new Error(`a number that does not end at byte ${at}`);
      const byte = message[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const take = (length: number): Uint8Array => {
    if (length > message.length - at) throw new Error(`${length} bytes at byte ${at} of ${message.length}`);
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    const wire = tag % 8;
    if (wire === 0) yield { number, varint: varint() };
    else if (wire === 1) yield { number, bytes: take(8) };
    else if (wire === 2) yield { number, bytes: take(varint()) };
    else if (wire === 5) yield { number, bytes: take(4) };
    else throw new Error(`a field of wire type ${wire} before byte ${at}`);
  }
}
