import { FileFormatError } from '@selfjudge/base';

const NEWLINE = 0x0a;
/** Bytes of a line at most: one that never ends would take all memory. */
const LONGEST = 1 << 26;

/**
 * Cuts bytes into lines. Only \n ends one: JSON strings may hold U+2028 and the like, which Node's readline breaks at.
 * @param take gets each line, without its end
 */
export class LineCutter {
  #rest: Uint8Array[] = [];
  #size = 0;
  #line = 1;

  constructor(
    private readonly path: string,
    private readonly take: (line: Uint8Array) => void,
  ) {}

  /** @throws FileFormatError for a line of over 64 MiB */
  add(chunk: Uint8Array): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, end));
      this.#pass();
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  /** The last line may have no end. */
  end(): void {
    if (this.#rest.length > 0) this.#pass();
  }

  #keep(part: Uint8Array): void {
    this.#size += part.length;
    if (this.#size > LONGEST)
      throw new FileFormatError({
        path: this.path,
        line: this.#line,
        expected: `lines of at most ${LONGEST} bytes`,
        received: 'one that is longer',
      });
    this.#rest.push(part);
  }

  #pass(): void {
    this.take(this.#rest.length === 1 ? this.#rest[0] : Buffer.concat(this.#rest));
    this.#rest = [];
    this.#size = 0;
    this.#line++;
  }
}
