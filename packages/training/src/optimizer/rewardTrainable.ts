import { ArgumentError } from '@selfjudge/base';
import { Adapter, RewardModel, ScoreHead, type AdapterConfig, type Model } from '@selfjudge/engine';
import { paddingOf } from '@selfjudge/engine/internal';
import type { Trainable } from './trainable.js';

/** A reward model that is trained: `policy`, the weights or the adapter below, and `head`. */
export interface RewardTrainable extends Trainable {
  readonly reward: RewardModel;
}

/**
 * A reward model on a language model, or on one that is a reward model already: a low-rank adapter over frozen weights, or
 * all weights, and the head.
 *
 * @param options.seed of the new adapter's A, and of the head where it is new
 * @param options.lora absent: all weights are trained
 * @param options.start a frozen adapter below the new one; both are saved as one
 * @param options.head where to begin; a copy is trained. Default: a new one
 * @param options.padTokenId default: the tokenizer's padding, else its end token, as TRL takes it
 */
export function rewardTrainable(
  model: Model,
  options: { seed: number; lora?: AdapterConfig; start?: Adapter; head?: Float32Array; padTokenId?: number },
): RewardTrainable {
  const { seed, lora, start, padTokenId = paddingOf(model) } = options;
  if (start !== undefined && lora === undefined) {
    throw new ArgumentError('start', {
      where: 'rewardTrainable',
      expected: 'none without lora: merge an adapter into weights that are all trained',
      received: 'an adapter',
    });
  }
  const frozen = start === undefined ? [] : [start];
  const adapter = lora && Adapter.init(model, lora, seed);
  const head = options.head === undefined ? ScoreHead.init(model, seed) : ScoreHead.of(model, options.head);
  const view = model.view(adapter === undefined ? frozen : [...frozen, adapter]);
  const reward = new RewardModel(view, head, padTokenId);
  return {
    reward,
    policy: view,
    parameters: { policy: (adapter ?? model).makeTrainable(), head: head.makeTrainable() },
    save: (dir) => reward.save(dir),
    dispose: () => {
      adapter?.dispose();
      head.dispose();
    },
  };
}
