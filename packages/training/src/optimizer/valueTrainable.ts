import { Adapter, RewardModel, ScoreHead, type AdapterConfig, type Model } from '@selfjudge/engine';
import { fullPreferenceTrainable, loraTrainable, type PreferenceTrainable } from './trainable.js';

/**
 * A policy beside its frozen start and a value model: sets `policy`, `value` (the value model's adapter or weights) and `head`.
 * The policy alone is saved; checkpoints hold all three.
 */
export interface ValueTrainable extends PreferenceTrainable {
  /** Its numbers are the values of states: of hidden rows. */
  readonly values: RewardModel;
}

/**
 * The value model begins as the start with a head of zeros: every state is worth 0, so that the first advantages are made of
 * rewards alone. With `lora` it is an adapter of its own on the same frozen weights; without, a copy of all of them.
 *
 * @param options.seed of both adapters
 * @param options.start a frozen adapter below both; only with `lora`
 */
export function valueTrainable(
  model: Model,
  options: { seed: number; lora?: AdapterConfig; start?: Adapter },
): ValueTrainable {
  const { seed, lora, start } = options;
  if (lora === undefined) {
    const body = model.clone();
    const value = body.makeTrainable();
    return withValues(fullPreferenceTrainable(model), body, { view: body.view(), set: value, below: body });
  }
  const adapter = Adapter.init(model, lora, seed);
  const view = model.view(start === undefined ? [adapter] : [start, adapter]);
  const value = adapter.makeTrainable();
  return withValues(loraTrainable(model, lora, { seed, start }), model, { view, set: value, below: adapter });
}

function withValues(
  trainable: PreferenceTrainable,
  model: Model,
  value: {
    view: RewardModel['view'];
    set: PreferenceTrainable['parameters'][string];
    below: { dispose(): void };
  },
): ValueTrainable {
  const head = ScoreHead.of(model, new Float32Array(model.config.hiddenSize));
  return {
    ...trainable,
    values: new RewardModel(value.view, head),
    parameters: { ...trainable.parameters, value: value.set, head: head.makeTrainable() },
    dispose: () => {
      trainable.dispose();
      head.dispose();
      value.below.dispose();
    },
  };
}
