import { createHash } from 'node:crypto';
import { scanValues, type ValueScan } from '@selfjudge/native';

import { FileFormatError } from '@selfjudge/base';
import type { HostTensor } from './files/safetensors.js';

/** What a fingerprint takes of each tensor, of whole ones or of their rows as they come. */
export class TensorLines {
  readonly #path: string;
  /** Of the tensor whose rows come now, what came until now. */
  #begun: { values: number; scan: ValueScan } | undefined;

  /** @param path named in errors */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Takes the next tensor, or the next rows of it.
   *
   * @param shape of the whole tensor
   * @returns its line where it is whole now
   * @throws FileFormatError where it holds NaN or an infinity
   */
  add(name: string, shape: readonly number[], tensor: HostTensor): string | undefined {
    const before = this.#begun?.values ?? 0;
    const scan = finite(this.#path, name, shape, tensor, this.#begun);
    const values = before + tensor.data.length;
    const whole = values >= shape.reduce((a, b) => a * b, 1);
    this.#begun = whole ? undefined : { values, scan };
    return whole ? lineOf(name, tensor.dtype, shape, scan) : undefined;
  }
}

/**
 * What tells a model's weights from others: 128 bits over the contents of its tensors as they were read, with their names,
 * shapes and dtypes. It does not depend on the device or on what they are computed in. For noticing a change, not for
 * proof against whoever wants two models to look the same.
 */
export class Fingerprint {
  readonly #taken: string[] = [];
  readonly #lines: TensorLines;

  /** @param path named in errors */
  constructor(path: string) {
    this.#lines = new TensorLines(path);
  }

  /** Takes the next tensor, or the next rows of it, as `TensorLines` does. */
  add(name: string, shape: readonly number[], tensor: HostTensor): void {
    const line = this.#lines.add(name, shape, tensor);
    if (line !== undefined) this.#taken.push(line);
  }

  /** 32 hexadecimal digits. */
  digest(): string {
    return digestOf(this.#taken);
  }
}

/** The digest of tensors by their lines. */
export function digestOf(lines: readonly string[]): string {
  const hash = createHash('sha256').update('selfjudge weights 1\n');
  for (const line of lines) hash.update(line);
  return hash.digest('hex').slice(0, 32);
}

const lineOf = (name: string, dtype: string, shape: readonly number[], { hash }: ValueScan): string =>
  `${name} ${dtype} ${shape.join('x')} ${hash}\n`;

function finite(
  path: string,
  name: string,
  shape: readonly number[],
  { dtype, data }: HostTensor,
  begun?: { values: number; scan: ValueScan },
): ValueScan {
  const scan = scanValues(data, begun?.scan.state);
  const { notFinite } = scan;
  if (notFinite < 0) return scan;
  const place = shape.length === 2 ? [Math.floor(notFinite / shape[1]), notFinite % shape[1]] : [notFinite];
  const value = data[notFinite - (begun?.values ?? 0)];
  throw new FileFormatError({
    path,
    expected: `finite values in '${name}'`,
    received: `${nameOf(dtype === 'float32' ? value : wide(value))} at [${place.join(', ')}]`,
    advice: 'No answer of such a model means anything: its training diverged, or the file is damaged.',
  });
}

const wide = (bits: number): number => new Float32Array(Uint32Array.of(bits << 16).buffer)[0];

const nameOf = (x: number): string => (Number.isNaN(x) ? 'NaN' : x > 0 ? '+inf' : '-inf');
