import {
  addInPlace,
  clone,
  copyTo,
  partOf,
  Tensor,
  WHOLE,
  type Leaves,
  type Ranks,
} from '@selfjudge/engine/internal';
import { ArgumentError } from '@selfjudge/base';
import { zeroGrads, type ParameterSets } from './parameterSets.js';

/**
 * The leaves of a run. @param count 0 for one a rank that has to be alone
 * @throws ArgumentError unless the count is a power of two that the number of ranks divides
 */
export function leavesOf(sets: ParameterSets, count: number, ranks: Ranks): Leaves {
  const leaves = Math.max(1, count);
  const isPower = Number.isInteger(Math.log2(leaves));
  if (!isPower || leaves % ranks.size !== 0)
    throw new ArgumentError('gradientLeaves', {
      where: 'train',
      expected: `a power of two${ranks.size > 1 ? ` that ${ranks.size} processes divide` : ''}`,
      received: leaves,
    });
  return leaves === 1 ? WHOLE : new GradientLeaves(sets, leaves, ranks);
}

/** The gradients of one or more slices, a tensor a set, and the height of the tree below: 2^height slices. */
interface Subtree {
  tensors: Tensor[];
  height: number;
}

/**
 * Gradients added in one binary tree over contiguous slices: its shape is of the number of slices alone, so the sum has the same
 * bits for any number of ranks that divides it. Of a rank's own slices at most log2 + 1 sums are held at a time.
 */
class GradientLeaves implements Leaves {
  constructor(
    private readonly sets: ParameterSets,
    readonly count: number,
    readonly ranks: Ranks,
  ) {}

  async each<R, T>(rows: readonly R[], work: (slice: readonly R[]) => Promise<T>): Promise<T[]> {
    const { count, ranks } = this;
    const own = count / ranks.size;
    const subtrees: Subtree[] = [];
    const said: T[] = [];
    try {
      for (let leaf = ranks.rank * own; leaf < (ranks.rank + 1) * own; leaf++) {
        said.push(await work(partOf(rows, leaf, count)));
        this.grow(subtrees);
      }
      const [{ tensors }] = subtrees;
      for (let level = 1; level < ranks.size; level *= 2) await this.join(tensors, ranks.rank ^ level);
      this.gradients.forEach((gradient, i) => copyTo(tensors[i], gradient));
    } finally {
      for (const { tensors } of subtrees) dispose(tensors);
    }
    return ranks.gather(said).flat();
  }

  private get gradients(): Tensor[] {
    return Object.values(this.sets).map(({ grad }) => grad);
  }

  /** Takes the gradient of a slice and adds subtrees of one height, as a counter in binary carries. */
  private grow(subtrees: Subtree[]): void {
    subtrees.push({ tensors: this.gradients.map((gradient) => clone(gradient)), height: 0 });
    zeroGrads(this.sets);
    while (subtrees.length > 1 && subtrees.at(-1)!.height === subtrees.at(-2)!.height) {
      const right = subtrees.pop()!;
      const left = subtrees.at(-1)!;
      left.tensors.forEach((tensor, i) => addInPlace(tensor, right.tensors[i]));
      left.height++;
      dispose(right.tensors);
    }
  }

  /** Adds the sums of the rank that has the other half of the next larger subtree; it does the same with these. */
  private async join(tensors: readonly Tensor[], peer: number): Promise<void> {
    for (const tensor of tensors) {
      const theirs = this.ranks.exchange((await tensor.read()) as Float32Array, peer);
      const other = Tensor.from(tensor.device, theirs, [theirs.length]);
      // Which half is left of the other does not matter to a bit: a + b is b + a.
      addInPlace(tensor, other);
      other.dispose();
    }
  }
}

function dispose(tensors: readonly Tensor[]): void {
  for (const tensor of tensors) tensor.dispose();
}
