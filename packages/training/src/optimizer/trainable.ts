import { ArgumentError } from '@selfjudge/base';
import { Adapter, type AdapterConfig, type Model, type ModelView, type RewardModel } from '@selfjudge/engine';
import type { Ranks } from '@selfjudge/engine/internal';
import { MovingReference } from './movingReference.js';
import type { ParameterSets } from './parameterSets.js';

/** What is trained: a view whose gradients go to named sets of parameters, each flat, and how it is saved. */
export interface Trainable {
  readonly policy: ModelView;
  readonly parameters: ParameterSets;
  /** Ranks that share the optimizer's moments out. Absent: each has all. */
  readonly momentsOver?: Ranks;
  /** The frozen start it is held to, where it is beside it. */
  readonly reference?: ModelView;
  /** The policy with the head that is trained, where it is a reward model's. */
  readonly reward?: RewardModel;
  /** The value model that is trained beside the policy, where there is one. */
  readonly values?: RewardModel;
  /** Writes the policy into an existing folder: a PEFT adapter or a Hugging Face model, with the tokenizer. */
  save(dir: string): Promise<void>;
  /** Gives back what was made for training; the model it began with stays. Once is enough, more do no harm. */
  dispose(): void;
}

/** Whether backward computes the blocks of all that is trained again; see `ModelView`. */
export function recomputeActivations({ policy, values }: Trainable, again: boolean): void {
  for (const view of [policy, values?.view]) if (view !== undefined) view.activationRecompute = again;
}

/** A policy beside the frozen start it is held to. Before the first step both give the same bits. */
export interface PreferenceTrainable extends Trainable {
  readonly reference: ModelView;
  /**
   * A reference of its own that begins as the policy is and moves towards it. Goes with `dispose`.
   * @param alpha see `MovingReference`
   * @throws ArgumentError for a mixture that the policy's kind cannot be
   */
  movingReference?(alpha: number): MovingReference;
}

/**
 * LoRA over frozen weights. With `start` (the JSFT adapter) the reference is base + start and the policy has a second
 * adapter on top, whose B is zero; both are saved as ONE exact adapter with the ranks stacked.
 *
 * @param seed of the new adapter's A
 */
export function loraTrainable(
  model: Model,
  lora: AdapterConfig,
  options: { seed: number; start?: Adapter },
): PreferenceTrainable & { adapter: Adapter } {
  const { seed, start } = options;
  const adapter = Adapter.init(model, lora, seed);
  const parameters = { policy: adapter.makeTrainable() };
  const frozen = start === undefined ? [] : [start];
  let moving: MovingReference | undefined;
  return {
    adapter,
    policy: model.view([...frozen, adapter]),
    reference: model.view(frozen),
    parameters,
    movingReference: (alpha) => {
      assertCopied(alpha);
      const copy = Adapter.init(model, lora, seed);
      return (moving = new MovingReference(parameters.policy, alpha, {
        view: model.view([...frozen, copy]),
        assign: (values) => copy.assign(values),
        dispose: () => copy.dispose(),
      }));
    },
    save: async (dir) => {
      if (start === undefined) await adapter.save(dir);
      else await saveStacked([start, adapter], dir);
      await model.tokenizer?.save(dir);
    },
    dispose: () => {
      adapter.dispose();
      moving?.dispose();
    },
  };
}

/** A mixture of A and B is none of the products B A, and a mixture of those has the ranks of all that were mixed. */
function assertCopied(alpha: number): void {
  if (alpha === 1) return;
  throw new ArgumentError('refModelMixupAlpha', {
    where: 'loraTrainable',
    expected:
      '1, the reference as a copy of the adapter: a mixture of two adapters is none of their rank (or train all weights)',
    received: alpha,
  });
}

async function saveStacked(adapters: Adapter[], dir: string): Promise<void> {
  const whole = await Adapter.stack(adapters);
  try {
    await whole.save(dir);
  } finally {
    whole.dispose();
  }
}

/** Writes a Hugging Face folder that may be a temporary one: the model keeps the source that adapters name. */
export async function saveWeights(model: Model, dir: string): Promise<void> {
  const { source } = model;
  await model.save(dir);
  model.source = source;
}

/** All weights of the model, for SFT and JSFT. */
export function fullTrainable(model: Model): Trainable {
  const parameters = { policy: model.makeTrainable() };
  return {
    policy: model.view(),
    parameters,
    save: (dir) => saveWeights(model, dir),
    // The parameters are the model's own.
    dispose: () => {},
  };
}

/** All weights of the model, held to a frozen clone of what they are now. */
export function fullPreferenceTrainable(model: Model): PreferenceTrainable & { start: Model } {
  const start = model.clone();
  const trainable = fullTrainable(model);
  let moving: MovingReference | undefined;
  return {
    ...trainable,
    reference: start.view(),
    start,
    movingReference: (alpha) => {
      const copy = start.clone();
      return (moving = new MovingReference(trainable.parameters.policy, alpha, {
        view: copy.view(),
        assign: (values) => copy.assign(values),
        dispose: () => copy.dispose(),
      }));
    },
    dispose: () => {
      start.dispose();
      moving?.dispose();
    },
  };
}
