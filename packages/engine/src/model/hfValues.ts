import { FileFormatError } from '@selfjudge/base';
import type { Warn } from './checkTensors.js';

export type Json = Record<string, unknown>;

/** The values of a config.json, each as the type that its key has. */
export class HfValues {
  readonly json: Json;
  /** Named in errors. */
  readonly path: string;
  readonly warn: Warn;

  constructor(json: Json, path: string, warn: Warn) {
    this.json = json;
    this.path = path;
    this.warn = warn;
  }

  /** @throws FileFormatError for what is neither a number nor, with a fallback, absent or null */
  number(key: string, fallback?: number): number {
    const value = this.json[key] ?? fallback;
    if (typeof value !== 'number' || !Number.isFinite(value)) return this.fail(`${key} a number`, value);
    return value;
  }

  /** A whole number from 1. */
  count(key: string, fallback?: number): number {
    const n = this.number(key, fallback);
    return Number.isInteger(n) && n >= 1 ? n : this.fail(`${key} a positive whole number`, n);
  }

  flag(key: string, fallback = false): boolean {
    const value = this.json[key] ?? fallback;
    return typeof value === 'boolean' ? value : this.fail(`${key} true or false`, value);
  }

  /** Token ids; -1 and "none" both occur for none. */
  ids(key: string): number[] {
    const value = this.json[key] ?? [];
    const list: unknown[] = Array.isArray(value) ? value : [value];
    return list
      .map((id) => {
        if (typeof id !== 'number' || !Number.isFinite(id)) return this.fail(`${key} a number`, id);
        return id;
      })
      .filter((id) => id !== -1);
  }

  /** @throws FileFormatError unless the key is absent, null or false */
  none(key: string, why: string): void {
    const value = this.json[key];
    if (value !== undefined && value !== null && value !== false) this.fail(`no ${key} (${why})`, value);
  }

  fail(expected: string, received: unknown, advice?: string): never {
    throw new FileFormatError({ path: this.path, expected, received, ...(advice && { advice }) });
  }
}
