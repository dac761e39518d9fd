// Pairs to judge: 32 prompts, four answers each by the model itself, paired two and two; 64 at most.
import { readFileSync } from 'node:fs';
import { answerText, generate } from '../../packages/engine/dist/index.js';

const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');

export async function judgePairs(model, count, maxNewTokens) {
  const rows = read('../../test/data/preferences.jsonl').trim().split('\n');
  const texts = [
    ...JSON.parse(read('../self-judge-step/prompts.json')),
    ...rows.map((line) => JSON.parse(line).prompt[0].content),
  ].slice(0, Math.ceil(count / 2));
  const { tokenizer } = model;
  const prompts = texts.map((content) =>
    tokenizer.encodeRendered(
      tokenizer.renderChat([{ role: 'user', content }], { addGenerationPrompt: true }),
    ),
  );
  const samples = await generate(model.view(), prompts, { count: 4, maxNewTokens, topP: 0.9, seed: 1 });
  const pairs = texts.flatMap((prompt, i) => {
    const [a, b, c, d] = samples[i].map((sample) => answerText(tokenizer, sample));
    return [
      { prompt, a, b },
      { prompt, a: c, b: d },
    ];
  });
  return pairs.slice(0, count);
}
