import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A folder whose files change from input to input. What is there already is not written again. */
export class FuzzFolder {
  readonly path: string;
  readonly #written = new Map<string, Buffer>();

  constructor(parent: string, name: string) {
    this.path = join(parent, name);
    mkdirSync(this.path);
  }

  /** Files are written again next time, for parsers that change or remove them. */
  forget(): void {
    this.#written.clear();
  }

  /**
   * Leaves exactly these files in the folder.
   * @returns their bytes together
   */
  hold(files: Readonly<Record<string, Buffer>>): number {
    let size = 0;
    for (const name of this.#written.keys()) {
      if (Object.hasOwn(files, name)) continue;
      rmSync(join(this.path, name));
      this.#written.delete(name);
    }
    for (const [name, bytes] of Object.entries(files)) {
      size += bytes.length;
      if (this.#written.get(name) === bytes) continue;
      writeFileSync(join(this.path, name), bytes);
      this.#written.set(name, bytes);
    }
    return size;
  }
}
