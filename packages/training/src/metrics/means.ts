/** Metrics of one step by TRL's names. Numbers that could not be measured are NaN, which JSON writes as null. */
export type Metrics = Record<string, number>;

/** Running means by name. */
export class Means {
  private readonly sums = new Map<string, { total: number; weight: number }>();

  add(name: string, value: number, weight = 1): void {
    const sum = this.sums.get(name) ?? { total: 0, weight: 0 };
    sum.total += value * weight;
    sum.weight += weight;
    this.sums.set(name, sum);
  }

  value(name: string): number {
    const sum = this.sums.get(name);
    return sum === undefined ? NaN : sum.total / sum.weight;
  }

  all(): Metrics {
    return Object.fromEntries([...this.sums.keys()].map((name) => [name, this.value(name)]));
  }
}
