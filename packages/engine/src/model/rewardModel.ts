import { dropoutKey } from '../checks.js';
import {
  check,
  instance,
  numbers,
  optional,
  options as optionsOf,
  path as isPath,
  whole,
} from '@selfjudge/base/checks';
import { ArgumentError } from '@selfjudge/base';
import type { Tokenizer, TreeSequence } from '@selfjudge/text';
import { tidy, type Disposable } from '../tensor/scope.js';
import type { Tensor } from '../tensor/tensor.js';
import { TreeBatch } from '../tensor/treeBatch.js';
import type { LoadOptions } from './model.js';
import { loadFields } from './model.js';
import { readReward, writeReward } from './rewardFiles.js';
import { isScoreHead, ScoreHead } from './scoreHead.js';
import { ModelView, type ForwardOptions } from './view.js';

const rewardsArguments = {
  batch: instance(TreeBatch),
  options: optionsOf({ dropout: optional(dropoutKey) }),
};
const parts = { view: instance(ModelView), head: isScoreHead, padTokenId: optional(whole(0)) };

/**
 * A model that gives each answer one number: the final hidden row of its last token times a vector, as transformers'
 * sequence classification with one label computes it (`num_labels=1`).
 */
export class RewardModel {
  readonly view: ModelView;
  readonly head: ScoreHead;
  /** The token that batches of other libraries are filled with. It carries no reward: see `sequence`. */
  readonly padTokenId?: number;
  /** What `load` made. */
  #owned: readonly Disposable[] = [];

  /** @param padTokenId what `config.pad_token_id` says; undefined for none */
  constructor(view: ModelView, head: ScoreHead, padTokenId?: number) {
    check('RewardModel', { view, head, padTokenId }, parts);
    const { hiddenSize } = view.model.config;
    if (head.size !== hiddenSize) {
      throw new ArgumentError('head', {
        where: 'RewardModel',
        expected: `a head for rows of ${hiddenSize}, as wide as the model's`,
        received: `one for ${head.size}`,
      });
    }
    this.view = view;
    this.head = head;
    if (padTokenId !== undefined) this.padTokenId = padTokenId;
  }

  /**
   * Loads a folder of transformers' sequence classification with one label (LlamaForSequenceClassification), an adapter of
   * PEFT's for one (SEQ_CLS, its head among modules_to_save) with the base it names, or a run folder of either. `dispose`
   * gives all of it back.
   *
   * @throws FileFormatError for what is no reward model, or is of a family or kind that is not computed here
   */
  static async load(path: string, options: LoadOptions = {}): Promise<RewardModel> {
    check('RewardModel.load', { path, options }, { path: isPath, options: optionsOf(loadFields) });
    const { model, adapter, score, padTokenId } = await readReward(path, options);
    const view = model.view(adapter === undefined ? [] : [adapter]);
    const reward = new RewardModel(view, ScoreHead.of(model, score), padTokenId);
    reward.#owned = [reward.head, ...(adapter === undefined ? [] : [adapter]), model];
    return reward;
  }

  /**
   * Writes a folder that transformers' AutoModelForSequenceClassification opens, with `padTokenId` in its config; where the
   * view has adapters, one that PEFT opens, with the head beside its matrices.
   */
  async save(folder: string): Promise<void> {
    check('RewardModel.save', { folder }, { folder: isPath });
    await writeReward(folder, this.view, await this.head.read(), this.padTokenId);
  }

  get tokenizer(): Tokenizer | undefined {
    return this.view.model.tokenizer;
  }

  /**
   * A conversation as one sequence of a tree, its reward read where transformers reads it: at the last token that is not
   * `padTokenId`, be it the text's own. So where the end token is the padding, the token before it carries the reward.
   */
  sequence(tokens: readonly number[]): TreeSequence & { hidden: [number] } {
    check('RewardModel.sequence', { tokens }, { tokens: numbers(whole(0)) });
    const last = tokens.findLastIndex((token) => token !== this.padTokenId);
    return { tokens, hidden: [Math.max(0, last)] };
  }

  /**
   * The rewards of the batch's hidden rows: float32 [n], in the order of `batch.hidden`. Recorded when a tape runs and the
   * head or something below it is trained.
   */
  rewards(batch: TreeBatch, options: ForwardOptions = {}): Tensor {
    check('RewardModel.rewards', { batch, options }, rewardsArguments);
    const { row } = batch.hidden;
    if (row.length === 0) {
      throw new ArgumentError('batch', {
        where: 'RewardModel.rewards',
        expected: 'at least one hidden row (RewardModel.sequence names one)',
        received: 'none',
      });
    }
    return tidy(() => this.head.scores(this.view.hidden(batch, options), row));
  }

  /** Gives back what `load` made; what was given to the constructor stays its maker's. */
  dispose(): void {
    for (const part of this.#owned) part.dispose();
    this.#owned = [];
  }

  /** `rewards` on the host. */
  async score(batch: TreeBatch): Promise<Float32Array> {
    const rewards = this.rewards(batch);
    try {
      return (await rewards.read()) as Float32Array;
    } finally {
      rewards.dispose();
    }
  }
}
