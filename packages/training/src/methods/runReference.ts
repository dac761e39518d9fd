import { ArgumentError } from '@selfjudge/base';
import type { OptionFault } from '@selfjudge/base/fields';
import type { ModelView } from '@selfjudge/engine';
import { lossText, needsReference } from '../losses/lossTerms.js';
import type { TrainingTask } from '../loop/trainingTask.js';
import type { MovingReference } from '../optimizer/movingReference.js';
import type { PreferenceTrainable } from '../optimizer/trainable.js';
import type { PreferenceOptions } from '../options/preference.js';
import type { ReferenceOptions } from '../options/reference.js';

/** What the losses of a run are held against. */
export interface RunReference {
  view: ModelView;
  /** Whether it is another one later: then what it said is not to be kept. */
  moves: boolean;
  /** To be called once the update of a step is made. */
  after(step: number): void;
  /** Of the task: a reference that moves is its state. */
  kept: Pick<TrainingTask, 'state' | 'restore'>;
}

/**
 * The frozen start, or with `syncRefModel` a copy of it that moves. Whoever judges, samples or measures with
 * `trainable.reference` has the start either way.
 *
 * @throws ArgumentError where it would move in no step, or not as asked
 */
export function runReference(
  trainable: PreferenceTrainable,
  options: ReferenceOptions,
  totalSteps: number,
): RunReference {
  const { syncRefModel, refModelMixupAlpha: alpha, refModelSyncSteps: every } = options;
  if (!syncRefModel) return { view: trainable.reference, moves: false, after: () => {}, kept: {} };
  if (every >= totalSteps)
    throw new ArgumentError('refModelSyncSteps', {
      where: 'train',
      expected: `less than the ${totalSteps} steps of the run, or the reference moves for none of them`,
      received: every,
    });
  const moving = movingOf(trainable, alpha);
  return {
    view: moving.view,
    moves: true,
    after: (step) => {
      if (step % every === 0) moving.follow();
    },
    kept: {
      state: async () => ({ values: null, tensors: { reference: await moving.read() } }),
      restore: ({ values, tensors: { reference, ...others } = {} }) => {
        if (values !== null || reference === undefined || Object.keys(others).length > 0)
          throw new ArgumentError('state', {
            where: 'train',
            expected: 'the values of the reference, and nothing else',
            received: Object.keys(others).join(', ') || 'none',
          });
        moving.load(reference);
      },
    },
  };
}

function movingOf(trainable: PreferenceTrainable, alpha: number): MovingReference {
  if (trainable.movingReference !== undefined) return trainable.movingReference(alpha);
  throw new ArgumentError('trainable', {
    where: 'train',
    expected: 'one whose reference can move (loraTrainable, fullPreferenceTrainable), with syncRefModel',
    received: 'one without movingReference',
  });
}

/** What of the options does not go with a reference that moves. */
export function referenceFaults(
  options: PreferenceOptions & ReferenceOptions & { referenceWeight?: number },
): OptionFault[] {
  const { syncRefModel, referenceWeight = 0 } = options;
  if (!syncRefModel) return [];
  const faults: OptionFault[] = [];
  if (!needsReference(options))
    faults.push({
      key: 'syncRefModel',
      expected: `false with ${lossText(options)}, which has no reference`,
      received: true,
    });
  if (referenceWeight > 0)
    faults.push({
      key: 'referenceWeight',
      expected:
        '0 beside a reference that moves: it weighs answers by the frozen start, which the loss then never asks',
      received: referenceWeight,
    });
  return faults;
}

/** @throws ArgumentError with a reference that moves, for a step that is made outside of its task */
export function refuseMoving({ syncRefModel }: ReferenceOptions, where: string, task: string): void {
  if (!syncRefModel) return;
  throw new ArgumentError('run.options.syncRefModel', {
    where,
    expected: `false: where the reference is, ${task} knows`,
    received: true,
  });
}

/** For what is said of a run: nothing of a reference that stands still. */
export const referenceText = ({
  syncRefModel,
  refModelMixupAlpha: alpha,
  refModelSyncSteps: steps,
}: ReferenceOptions): string =>
  syncRefModel
    ? `, reference moving every ${steps} steps ${alpha === 1 ? 'to' : `by ${alpha} towards`} the policy`
    : '';
