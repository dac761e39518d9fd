import { check, instance, oneOf } from '@selfjudge/base/checks';
import { ArgumentError } from '@selfjudge/base';
import { dtypeCode } from './dtype.js';
import { enqueue, enqueueOne } from './enqueue.js';
import { guarded } from './nativeErrors.js';
import { orDispose, owned } from './scope.js';
import { Tensor } from './tensor.js';

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

  /** Packs float32 or bf16 rows [N, K] into `dtype`; float32 rows are rounded to nearest even for bf16. */
  static pack(rows: Tensor, dtype: 'float32' | 'bf16'): Weight {
    check('Weight.pack', { rows, dtype }, { rows: instance(Tensor), dtype: oneOf('float32', 'bf16') });
    if (rows.shape.length !== 2) {
      throw new ArgumentError('rows', {
        where: 'Weight.pack',
        expected: 'a matrix [N, K]',
        received: `shape [${rows.shape.join(', ')}]`,
      });
    }
    const { device } = rows;
    device.assertOpen('Weight.pack');
    const shape = [...rows.shape];
    const packed = owned(() =>
      Tensor.adopt(
        device,
        guarded(() => device.native.empty(dtypeCode[dtype], shape, 1)),
      ),
    );
    const weight = new Weight(packed);
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
