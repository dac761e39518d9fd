import { createHash } from 'node:crypto';
import { scanValues } from '@selfjudge/native';

import { FileFormatError } from '@selfjudge/base';
import type { HostTensor } from './files/safetensors.js';

/**
 * What tells a model's weights from others: 128 bits over the contents of its tensors as they were read, with their names,
 * shapes and dtypes. It does not depend on the device or on what they are computed in. For noticing a change, not for
 * proof against whoever wants two models to look the same.
 */
export class Fingerprint {
  readonly #lines: string[] = [];
  readonly #path: string;

  /** @param path named in errors */
  constructor(path: string) {
    this.#path = path;
  }

  /** Takes the next tensor. @throws FileFormatError where it holds NaN or an infinity */
  add(name: string, tensor: HostTensor): void {
    this.#lines.push(tensorLine(this.#path, name, tensor));
  }

  /** 32 hexadecimal digits. */
  digest(): string {
    return digestOf(this.#lines);
  }
}

/** The digest of tensors by their lines. */
export function digestOf(lines: readonly string[]): string {
  const hash = createHash('sha256').update('selfjudge weights 1\n');
  for (const line of lines) hash.update(line);
  return hash.digest('hex').slice(0, 32);
}

/** What a fingerprint takes of one tensor. @throws FileFormatError where it holds NaN or an infinity */
export function tensorLine(path: string, name: string, { dtype, shape, data }: HostTensor): string {
  const { hash, notFinite } = scanValues(data);
  if (notFinite < 0) return `${name} ${dtype} ${shape.join('x')} ${hash}\n`;
  const place = shape.length === 2 ? [Math.floor(notFinite / shape[1]), notFinite % shape[1]] : [notFinite];
  throw new FileFormatError({
    path,
    expected: `finite values in '${name}'`,
    received: `${nameOf(dtype === 'float32' ? data[notFinite] : wide(data[notFinite]))} at [${place.join(', ')}]`,
    advice: 'No answer of such a model means anything: its training diverged, or the file is damaged.',
  });
}

const wide = (bits: number): number => new Float32Array(Uint32Array.of(bits << 16).buffer)[0];

const nameOf = (x: number): string => (Number.isNaN(x) ? 'NaN' : x > 0 ? '+inf' : '-inf');
