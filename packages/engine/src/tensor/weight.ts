import { check, instance, oneOf, tuple, whole } from '@selfjudge/base/checks';
import { ArgumentError } from '@selfjudge/base';
import { Device } from './device.js';
import { dtypeCode } from './dtype.js';
import { enqueue, enqueueOne } from './enqueue.js';
import { guarded } from './nativeErrors.js';
import { orDispose, owned, tidy } from './scope.js';
import { Tensor } from './tensor.js';

/** Rows from a multiple of this on can be packed by themselves (SJ_PANEL_ROWS). */
export const PACKED_ROWS = 48;

const isDType = oneOf('float32', 'bf16');
const isShape = tuple(whole(1), whole(1));

/**
 * A matrix [N, K] as the matrix core reads it: packed once in the compute dtype, used by `linear`, the head and
 * `embedding`. With a `grad` (float32 [N, K], rows) it is trained: backward adds to it, and after an update of the
 * master rows `repack` brings the packed copy up to date.
 */
export class Weight {
  /** Same shape as the rows, layout 'panels'. */
  readonly packed: Tensor;
  /** Not owned: usually a view of a parameter set's flat gradient. */
  grad?: Tensor;

  private constructor(packed: Tensor) {
    this.packed = packed;
  }

  /** A weight whose rows are still to be packed: what it holds is undefined. */
  static empty(device: Device, shape: readonly [number, number], dtype: 'float32' | 'bf16'): Weight {
    check(
      'Weight.empty',
      { device, shape, dtype },
      { device: instance(Device), shape: isShape, dtype: isDType },
    );
    device.assertOpen('Weight.empty');
    return new Weight(
      owned(() =>
        Tensor.adopt(
          device,
          guarded(() => device.native.empty(dtypeCode[dtype], [...shape], 1)),
        ),
      ),
    );
  }

  /** Packs float32 or bf16 rows [N, K] into `dtype`; float32 rows are rounded to nearest even for bf16. */
  static pack(rows: Tensor, dtype: 'float32' | 'bf16'): Weight {
    check('Weight.pack', { rows, dtype }, { rows: instance(Tensor), dtype: isDType });
    if (rows.shape.length !== 2) {
      throw new ArgumentError('rows', {
        where: 'Weight.pack',
        expected: 'a matrix [N, K]',
        received: `shape [${rows.shape.join(', ')}]`,
      });
    }
    const weight = Weight.empty(rows.device, [rows.shape[0], rows.shape[1]], dtype);
    orDispose([weight], () => weight.repack(rows));
    return weight;
  }

  get shape(): [number, number] {
    return [this.packed.shape[0], this.packed.shape[1]];
  }

  get dtype(): 'float32' | 'bf16' {
    return this.packed.dtype as 'float32' | 'bf16';
  }

  /** Packs other rows of the same shape in place. */
  repack(rows: Tensor): void {
    enqueue('pack', [rows, this.packed]);
  }

  /**
   * Packs rows [n, K] in the place of those from `from` on. Both `from` and n are multiples of `PACKED_ROWS`; the last
   * rows of the weight may be fewer.
   */
  packRows(from: number, rows: Tensor): void {
    check('Weight.packRows', { from, rows }, { from: whole(0), rows: instance(Tensor) });
    const [size, width] = this.shape;
    const end = from + rows.shape[0];
    const refuse = (what: string, expected: string, received: unknown): never => {
      throw new ArgumentError(what, { where: 'Weight.packRows', expected, received });
    };
    if (from % PACKED_ROWS !== 0 || from >= size)
      refuse('from', `a multiple of ${PACKED_ROWS} below ${size}`, from);
    if (
      rows.shape.length !== 2 ||
      rows.shape[1] !== width ||
      (end < size ? end % PACKED_ROWS !== 0 : end > size)
    ) {
      const expected = `a multiple of ${PACKED_ROWS} rows of ${width}, or all ${size - from} that are left`;
      refuse('rows', expected, `shape [${rows.shape.join(', ')}]`);
    }
    tidy(() => enqueue('pack', [rows, this.packed.alias(from * width, rows.shape)]));
  }

  /** The rows [N, K], in the packed dtype. */
  rows(): Tensor {
    return enqueueOne('unpack', [this.packed]);
  }

  dispose(): void {
    this.packed.dispose();
  }
}

/** The packed tensor of an argument that must be a weight. For the tensor folder. */
export function packedOf(weight: Weight, where: string, what: string): Tensor {
  if (weight instanceof Weight) return weight.packed;
  throw new ArgumentError(what, { where, expected: 'a Weight', received: weight });
}
