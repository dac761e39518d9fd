import { afterEach, expect, it, vi } from 'vitest';
import type { Contest } from '../pairs/contest.js';
import { selfTrainingTask } from '../face/preference.js';
import { selfTrainingDefaults, type TrainingTask } from '../index.js';
import { hashJudge, tinyLora, tinyModel, tinyPrompts } from '../testing/tiny.js';
import { loraTrainable } from '../optimizer/trainable.js';

const model = tinyModel();
const tokenizer = model.tokenizer!;
/** An id that stands once in the prompt, and nowhere else. */
const [RARE] = tokenizer.encode('~');
const [prompt] = tinyPrompts(model, 1);
prompt.tokens.splice(4, 0, RARE);

afterEach(() => {
  vi.restoreAllMocks();
});

/** How often this id is asked whether it is a whole number, which is how every check of ids begins. */
function countLooks(): { looks: number } {
  const seen = { looks: 0 };
  for (const name of ['isInteger', 'isSafeInteger'] as const) {
    const original = Number[name];
    vi.spyOn(Number, name).mockImplementation((value) => {
      if (value === RARE) seen.looks++;
      return original(value);
    });
  }
  return seen;
}

it("looks at a prompt's ids when a task is made, and once a step, against the vocabulary", async () => {
  const trainable = loraTrainable(model, tinyLora, { seed: 5 });
  const options = {
    ...selfTrainingDefaults,
    trainBatchSize: 1,
    maxSteps: 1,
    maxNewTokens: 4,
    missingEos: 'keep' as const,
  };
  const run = { trainable, judge: hashJudge, tokenizer, options };
  let contests: Contest[] = [];
  const making = countLooks();
  const task: TrainingTask = selfTrainingTask(run, { prompts: [prompt] }, (of) => (contests = of));
  expect(making.looks).toBe(1);
  vi.restoreAllMocks();

  const training = countLooks();
  await task.step({ step: 1, learningRate: 1e-3 });
  expect(training.looks).toBe(1);
  const [{ a, b, fate }] = contests;
  expect(fate).toBe('pair'); // so that every part of the step was gone through
  expect([...a.tokens, ...b.tokens]).not.toContain(RARE);
  task.optimizer.dispose();
  trainable.dispose();
  model.dispose();
});
