import { plan, type ModelView } from '@selfjudge/engine';
import type { Selection, SignalReport, SupervisedExample } from '@selfjudge/training';

/** Chooses the judge by its verdicts on held-out labelled pairs, noisy as they are: the likelier of two tokens is right. */
export class VerdictAccuracy implements Selection {
  readonly startSignal = 0;

  constructor(
    private readonly view: ModelView,
    private readonly examples: SupervisedExample[],
    readonly every: number,
  ) {}

  async evaluate(): Promise<SignalReport> {
    let right = 0;
    let total = 0;
    for (const { batch } of plan(this.examples, 8192)) {
      const logp = await this.view.score(batch);
      // Of each sequence the first label is the verdict and the last the other one, its candidate.
      const first = new Map<number, number>();
      batch.labels.sequence.forEach((sequence, i) => {
        if (!first.has(sequence)) first.set(sequence, i);
      });
      const last = new Map<number, number>();
      batch.labels.sequence.forEach((sequence, i) => last.set(sequence, i));
      for (const [sequence, i] of first) {
        total++;
        if (logp[i] > logp[last.get(sequence)!]) right++;
      }
    }
    const signal = right / total;
    return { metrics: { 'eval/verdict_accuracy': signal }, signal, eligible: true, stop: false };
  }
}
