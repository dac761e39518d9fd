import { ArgumentError, DataError } from '@selfjudge/base';
import { check, list, path as isPath } from '@selfjudge/base/checks';
import { prompt as isPrompt } from '@selfjudge/text/checks';
import type { Text } from '@selfjudge/data';
import { toSftExample } from '@selfjudge/data/internal';
import type { CompareOptions, JudgePair, JudgeReasoning, TokenVerdict } from '@selfjudge/judging';
import {
  answerOptions,
  isOpenModel,
  isPairs,
  isScoreRows,
  judgeOptions,
  modelOptions,
  saveOptions,
  scoreOptions,
} from './checks.js';
import { underTodaysNames } from '../config/index.js';
import { located } from '../hub/located.js';
import { modelPlace } from '../hub/places.js';
import { answerPrompts, type Answer, type AnswerOptions } from '../inference/generate.js';
import { judgeOf } from '../inference/judge.js';
import { openModel, reopen, saveModel, type ModelOptions, type OpenModel } from '../models/model.js';
import { scoreRows, type Score, type ScoreOptions } from '../inference/score.js';

/** Words of options that are called something else today; they work for one release more. */
export interface EarlierNames {
  /** @deprecated judgeTemplate */
  template?: string;
}

/** A completion whose probability is asked for. */
export interface ScoreRow {
  prompt: Text;
  completion: string;
}

/**
 * Opens a model.
 *
 * @param path a run folder, checkpoint, adapter, Hugging Face folder (Llama family, safetensors) or GGUF file, or a name on
 *   the hub (OWNER/NAME[@REVISION], OWNER/NAME/FILE.gguf), which is downloaded first: see `pull`.
 * @param options.dtype storage of weights and activations; default bf16. Sums are float32 either way.
 * @param options.device default `auto`.
 * @param options.adapter an adapter folder to be put on top, or its name on the hub.
 * @throws FileFormatError, ArgumentError, HubError
 */
export async function loadModel(path: string, options: ModelOptions = {}): Promise<Model> {
  check('loadModel', { path, options }, { path: isPath, options: modelOptions });
  const { modelNameOrPath: place, adapter } = (
    await located({ modelNameOrPath: path, adapter: options.adapter })
  ).options;
  return new Model(await openModel(place, { ...options, adapter }));
}

/**
 * A language model that answers, judges and is trained: weights, at most one adapter on top, and a tokenizer. Training
 * (`jsft`, `selfTrain`, ...) leaves it with the trained weights. `dispose()` gives the memory back.
 */
export class Model {
  #opened: OpenModel;

  /** @param opened is this object's from here on: it disposes it. */
  constructor(opened: OpenModel) {
    check('Model', { opened }, { opened: isOpenModel });
    this.#opened = opened;
  }

  /** The layers below, for what this class does not wrap. They change with training. */
  get opened(): OpenModel {
    return this.#opened;
  }

  /** The folder or file that holds what the model is now. */
  get path(): string {
    return this.#opened.path;
  }

  /**
   * An answer to a prompt. With `bestOf: n` the model samples n answers and keeps the one that wins a knock-out
   * tournament by its own judgment; `tournament` tells how.
   *
   * The answer depends on the weights, the prompt and the seed alone.
   */
  async generate(prompt: Text, options: Omit<AnswerOptions, 'count'> & EarlierNames = {}): Promise<Answer> {
    check('Model.generate', { prompt, options }, { prompt: isPrompt, options: answerOptions });
    const [[answer]] = await answerPrompts(this.#opened, [prompt], underTodaysNames(options));
    return answer;
  }

  /** Answers to many prompts at once: `count` each, or the winner of each prompt's tournament. */
  async generateAll(
    prompts: readonly Text[],
    options: AnswerOptions & EarlierNames = {},
  ): Promise<Answer[][]> {
    check('Model.generateAll', { prompts, options }, { prompts: list(isPrompt), options: answerOptions });
    const { bestOf = 1, count = 1 } = options;
    if (bestOf > 1 && count > 1)
      throw new ArgumentError('count', {
        where: 'Model.generateAll',
        expected: '1 beside bestOf: a tournament has one winner',
        received: count,
      });
    return answerPrompts(this.#opened, prompts, underTodaysNames(options));
  }

  /**
   * Which of two answers is better, by one token in both orders. A pair that does not fit the model's context gets a
   * null verdict with the reason.
   * @param options.judgeTemplate a shipped judge template's name, a file, or `auto` (default): the one the weights learnt.
   * @param options.judgeReasoning whether answers are read with their reasoning; `auto` (default): as the template says.
   */
  async judge(
    pairs: readonly JudgePair[],
    options: CompareOptions & {
      judgeTemplate?: string;
      judgeReasoning?: JudgeReasoning | 'auto';
    } & EarlierNames = {},
  ): Promise<TokenVerdict[]> {
    check('Model.judge', { pairs, options }, { pairs: isPairs, options: judgeOptions });
    const { judgeTemplate = 'auto', judgeReasoning, ...rest } = underTodaysNames(options);
    return judgeOf(this.#opened, judgeTemplate, judgeReasoning).compare(pairs, rest);
  }

  /**
   * Log-probabilities of completions, their end token included, in nats.
   * @throws DataError naming the row that cannot be scored, by its place from 1
   */
  async score(rows: readonly ScoreRow[], options: ScoreOptions = {}): Promise<Score[]> {
    check('Model.score', { rows, options }, { rows: isScoreRows, options: scoreOptions });
    const inputs = rows.map((row, i) => ({ line: i + 1, ...toSftExample({ ...row }, `row ${i + 1}`) }));
    const unusable = ({ line, reason }: { line: number; reason: string }) =>
      new DataError({ path: 'rows', line, reason });
    for (const { line, problem } of inputs) if (problem !== undefined) throw unusable({ line, ...problem });
    const scores = await scoreRows(this.#opened, inputs, options);
    return scores.map(({ line, value, problem }) => {
      if (problem !== undefined) throw unusable({ line, ...problem });
      return value;
    });
  }

  /**
   * Writes what the model is now into a new folder, which `loadModel` opens: with an adapter a PEFT folder, which names
   * its base; else a Hugging Face folder. The judge template goes along. The folder appears whole or not at all.
   *
   * @param options.merge adds the adapter to the weights and writes a model that needs no base.
   * @throws ArgumentError when the folder holds something else
   */
  async save(dir: string, options: { merge?: boolean } = {}): Promise<void> {
    check('Model.save', { dir, options }, { dir: isPath, options: saveOptions });
    const { merge = false } = options;
    await saveModel(this.#opened, dir, { merge });
  }

  /**
   * Becomes what `path` holds, in the same dtype. A base that is here already is not read again; else the old weights
   * are freed before the new ones are read, and when that fails half-way the model is over.
   */
  async reload(path: string): Promise<void> {
    check('Model.reload', { path }, { path: isPath });
    this.#opened = await reopen(this.#opened, (await modelPlace(path)).paths[0]);
  }

  dispose(): void {
    this.#opened.dispose();
  }
}
