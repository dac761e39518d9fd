import { FileFormatError } from '@selfjudge/base';
import type { GgufFile } from './files/gguf.js';

/** The metadata of a GGUF file, under its architecture's prefix. */
export class GgufValues {
  readonly file: GgufFile;
  readonly architecture: string;

  constructor(file: GgufFile, architecture: string) {
    this.file = file;
    this.architecture = architecture;
  }

  has(key: string): boolean {
    return this.file.metadata.has(`${this.architecture}.${key}`);
  }

  /** @throws FileFormatError for what is no finite number, or absent without a fallback */
  number(key: string, fallback?: number): number {
    const name = `${this.architecture}.${key}`;
    const n = this.file.metadata.get(name) ?? fallback;
    if (typeof n !== 'number' || !Number.isFinite(n)) return this.fail(`${name} a number`, n);
    return n;
  }

  /** A number stored as float32: the shortest decimal that is the same float32. */
  float(key: string, fallback?: number): number {
    return Number(this.number(key, fallback).toPrecision(7));
  }

  /** Any value, or undefined. */
  get(key: string): unknown {
    return this.file.metadata.get(`${this.architecture}.${key}`);
  }

  /** The id of a special token; -1, be it written as an unsigned number, names none. */
  token(name: string): number | undefined {
    const id = this.file.metadata.get(`tokenizer.ggml.${name}_token_id`);
    return typeof id === 'number' && id !== -1 && id !== 2 ** 32 - 1 ? id : undefined;
  }

  fail(expected: string, received: unknown): never {
    throw new FileFormatError({ path: this.file.path, expected, received });
  }
}
