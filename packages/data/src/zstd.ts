import { FileFormatError } from '@selfjudge/base';

const MAGIC = 0xfd2fb528;
/** Frames that hold no data begin with one of sixteen such. */
const SKIPPABLE = 0x184d2a5;
/** As libzstd has it: what needs more memory is not unpacked unasked. */
const MOST_WINDOW = 1 << 27;
const DICTIONARY_BYTES = [0, 1, 2, 4];

/**
 * What zstd packed, in one frame or several, each with its checksum compared (RFC 8878).
 * @throws FileFormatError for bytes that are no zstd, are torn or do not have the checksum they say
 */
export async function* unzstd(path: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const [{ Decompress }, { default: xxhash }] = await Promise.all([import('fzstd'), import('xxhash-wasm')]);
  const { create64 } = await xxhash();
  const input = new Input(path, chunks);
  for (;;) {
    const magic = await input.take(4, { orEnd: true });
    if (magic.length === 0) return;
    if (magic.readUInt32LE() >>> 4 === SKIPPABLE) {
      await input.skip((await input.take(4)).readUInt32LE());
      continue;
    }
    if (magic.readUInt32LE() !== MAGIC) input.refuse(`a frame that begins with ${magic.toString('hex')}`);
    let out: Buffer[] = [];
    const hash = create64();
    const frame = new Decompress((bytes) => {
      hash.update(bytes);
      if (bytes.length > 0) out.push(Buffer.from(bytes));
    });
    const push = (bytes: Buffer, isLast = false): Buffer[] => {
      out = [];
      try {
        frame.push(bytes, isLast);
      } catch (error) {
        input.refuse((error as Error).message);
      }
      return out;
    };
    const { header, hasChecksum } = await frameHeader(input);
    yield* push(Buffer.concat([magic, header]));
    for (let isLast = false; !isLast;) {
      const block = await input.take(3);
      const fact = block.readUIntLE(0, 3);
      isLast = (fact & 1) === 1;
      const isRepeat = ((fact >> 1) & 3) === 1;
      const content = await input.take(isRepeat ? 1 : fact >> 3);
      const checksum = isLast && hasChecksum ? await input.take(4) : Buffer.of();
      yield* push(Buffer.concat([block, content, checksum]), isLast);
      if (checksum.length > 0 && checksum.readUInt32LE() !== Number(hash.digest() & 0xffffffffn))
        input.refuse('bytes that do not have the checksum of their frame');
    }
  }
}

async function frameHeader(input: Input): Promise<{ header: Buffer; hasChecksum: boolean }> {
  const first = await input.take(1);
  const descriptor = first[0];
  const isSingle = (descriptor & 0x20) !== 0;
  const ofSize = descriptor >> 6;
  const sizeBytes = ofSize > 0 ? 1 << ofSize : Number(isSingle);
  const window = await input.take(isSingle ? 0 : 1);
  const dictionary = await input.take(DICTIONARY_BYTES[descriptor & 3]);
  if (dictionary.some((byte) => byte !== 0)) input.refuse('what was packed with a dictionary');
  const size = await input.take(sizeBytes);
  const needed = isSingle
    ? size.reduceRight((sum, byte) => sum * 256 + byte, 0)
    : 2 ** (10 + (window[0] >> 3)) * (1 + (window[0] & 7) / 8);
  if (needed > MOST_WINDOW) input.refuse(`a window of ${needed} bytes, over ${MOST_WINDOW} (zstd --long)`);
  return { header: Buffer.concat([first, window, dictionary, size]), hasChecksum: (descriptor & 4) !== 0 };
}

/** Bytes that come in chunks of any length, taken in the lengths that are asked for. */
class Input {
  readonly #path: string;
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);
  #offset = 0;

  constructor(path: string, chunks: AsyncIterable<Buffer>) {
    this.#path = path;
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** @param options.orEnd nothing at all is no fault */
  async take(count: number, { orEnd = false } = {}): Promise<Buffer> {
    const parts: Buffer[] = [];
    let missing = count;
    while (missing > 0 && (await this.#fill())) {
      const part = this.#rest.subarray(0, missing);
      parts.push(part);
      this.#rest = this.#rest.subarray(part.length);
      missing -= part.length;
    }
    this.#offset += count - missing;
    if (missing > 0 && !(orEnd && missing === count)) this.refuse('a file that ends within a frame');
    return Buffer.concat(parts);
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0; left -= MOST_WINDOW) await this.take(Math.min(left, MOST_WINDOW));
  }

  refuse(received: string): never {
    throw new FileFormatError({ path: this.#path, offset: this.#offset, expected: 'zstd', received });
  }

  async #fill(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const { value, done } = await this.#chunks.next();
      if (done === true) return false;
      this.#rest = value;
    }
    return true;
  }
}
