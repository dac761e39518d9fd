/** Metrics of one step by TRL's names. Numbers that could not be measured are NaN, which JSON writes as null. */
export type Metrics = Record<string, number>;

/** Of each mean its name, the sum of its weighted values and that of its weights. */
export type MeansParts = [name: string, total: number, weight: number][];

/** Running means by name. */
export class Means {
  private readonly sums = new Map<string, { total: number; weight: number }>();

  add(name: string, value: number, weight = 1): void {
    const sum = this.sums.get(name) ?? { total: 0, weight: 0 };
    sum.total += value * weight;
    sum.weight += weight;
    this.sums.set(name, sum);
  }

  /** As `merge` takes them. */
  parts(): MeansParts {
    return [...this.sums].map(([name, { total, weight }]) => [name, total, weight]);
  }

  /** Adds what others summed, in their order. */
  merge(all: readonly MeansParts[]): this {
    for (const [name, total, weight] of all.flat()) {
      const sum = this.sums.get(name) ?? { total: 0, weight: 0 };
      this.sums.set(name, { total: sum.total + total, weight: sum.weight + weight });
    }
    return this;
  }

  value(name: string): number {
    const sum = this.sums.get(name);
    return sum === undefined ? NaN : sum.total / sum.weight;
  }

  all(): Metrics {
    return Object.fromEntries([...this.sums.keys()].map((name) => [name, this.value(name)]));
  }
}
