import { byteModel } from '@selfjudge/testing/tinyModel';
import { loadJudgeTemplate, TokenJudge } from '@selfjudge/judging';
import {
  AdamW,
  loraTrainable,
  preferences,
  preparePrompts,
  selfTrainingDefaults,
  selfTrainingStep,
  type SelfTrainingOptions,
} from '@selfjudge/training';
import { tinyLora, trainedAdapter } from '../../packages/training/src/testing/tiny.js';

export const model = byteModel();
export const tokenizer = model.tokenizer!;
/** What JSFT left: frozen, and not zero. */
export const start = await trainedAdapter(model, 4);
export const questions = Array.from({ length: 12 }, (_, i) => ({ id: `${i}`, prompt: `Name ${i}?` }));
export const prompts = preparePrompts(tokenizer, questions, { maxPromptLength: 100 }).examples;

/** The first step of self-training from a JSFT adapter, with what it sampled and what it trained on. */
export async function firstStep(change: Partial<SelfTrainingOptions> = {}, asked = prompts) {
  const options: SelfTrainingOptions = {
    ...selfTrainingDefaults,
    maxNewTokens: 100,
    topP: 1,
    missingEos: 'keep',
    ...change,
  };
  const trainable = loraTrainable(model, tinyLora, { seed: 5, start });
  const optimizer = new AdamW(trainable.parameters, options);
  const judge = new TokenJudge(trainable.reference, tokenizer, loadJudgeTemplate('plain'));
  const run = { trainable, judge, tokenizer, optimizer, options };
  const report = await selfTrainingStep(asked, run, { step: 1, learningRate: 1e-3 });
  const pairs = preferences(report.contests);
  optimizer.dispose();
  trainable.dispose();
  return { ...report, pairs, answers: report.contests.flatMap(({ a, b }) => [a, b]) };
}

export function dispose(): void {
  start.dispose();
  model.dispose();
}
