import { createHash } from 'node:crypto';
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';

const WEIGHTS = /\.(safetensors|gguf)$/i;

/** Of the weight files of a folder, or of a file, whole. */
export function fingerprintOfFiles(path: string | undefined): string {
  const hash = createHash('sha256');
  const files = path === undefined ? [] : statSync(path).isDirectory() ? weightFiles(path) : [path];
  const chunk = Buffer.allocUnsafe(1 << 20);
  for (const file of files) {
    const fd = openSync(file, 'r');
    try {
      for (let n = readSync(fd, chunk); n > 0; n = readSync(fd, chunk)) hash.update(chunk.subarray(0, n));
    } finally {
      closeSync(fd);
    }
  }
  return hash.digest('hex').slice(0, 32);
}

const weightFiles = (folder: string) =>
  readdirSync(folder)
    .filter((name) => WEIGHTS.test(name))
    .sort()
    .map((name) => join(folder, name));
