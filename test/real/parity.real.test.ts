// The model against transformers on the same dequantised weights (benchmarks/peers/parity.py), float32.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generate, type Model } from '@selfjudge/engine';
import { type Message } from '@selfjudge/text';
import {
  digest,
  figure,
  fixture,
  hh,
  hhRows,
  largestDifference,
  loadReal,
  tokenLogprobs,
  weights,
  type HhRow,
} from './real.js';

interface Parity {
  texts: { text?: string; row: number; side: keyof HhRow; digest: string; logprobs: number[] }[];
  chats: { prompt: string; digest: string; greedy: number[] }[];
  tokenised: { row: number; side: keyof HhRow; plain: string; chat: string; rendered: string }[];
}

describe.skipIf(weights === '')('parity with transformers', () => {
  const { texts, chats, tokenised } = fixture<Parity>('parity.json');
  const rows = hhRows(250);
  let model: Model;
  beforeAll(async () => {
    model = await loadReal();
  });
  afterAll(() => model.dispose());

  async function worstLogprob(items: Parity['texts']): Promise<number> {
    let worst = 0;
    for (const { text, row, side, ...expected } of items) {
      const ids = model.tokenizer!.encode(text ?? rows[row][side]).slice(0, 400);
      expect(digest(ids)).toBe(expected.digest);
      const logprobs = await tokenLogprobs(model.view(), ids);
      worst = Math.max(worst, largestDifference(logprobs, expected.logprobs));
    }
    return worst;
  }

  it('log-probabilities of texts of our own', async () => {
    const worst = await worstLogprob(texts.filter(({ text }) => text !== undefined));
    figure('log-probabilities, own texts, largest difference', worst);
    expect(worst).toBeLessThan(1e-3);
  });

  it.skipIf(hh === '')('log-probabilities of HH texts', async () => {
    const worst = await worstLogprob(texts.filter(({ text }) => text === undefined));
    figure('log-probabilities, HH texts, largest difference', worst);
    expect(worst).toBeLessThan(1e-3);
  });

  it('64 greedy tokens after chat prompts', async () => {
    const tokenizer = model.tokenizer!;
    const prompts = chats.map(({ prompt }) =>
      tokenizer.encodeRendered(
        tokenizer.renderChat([{ role: 'user', content: prompt }], { addGenerationPrompt: true }),
      ),
    );
    expect(prompts.map(digest)).toEqual(chats.map((chat) => chat.digest));
    const samples = await generate(model.view(), prompts, { temperature: 0, eos: [], maxNewTokens: 64 });
    expect(samples.map(([{ tokens }]) => tokens)).toEqual(chats.map(({ greedy }) => greedy));
  });

  it.skipIf(hh === '')('ids and chat format of 500 HH texts', () => {
    const tokenizer = model.tokenizer!;
    expect(tokenised).toHaveLength(500);
    const ours = tokenised.map(({ row, side }) => {
      const text = rows[row][side];
      const rendered = tokenizer.renderChat(turns(text));
      return {
        row,
        side,
        plain: digest(tokenizer.encode(text)),
        chat: digest(tokenizer.encodeRendered(rendered)),
        rendered: digest(new TextEncoder().encode(rendered.text)),
      };
    });
    expect(ours).toEqual(tokenised);
  });
});

/** An HH transcript cut as common.py cuts it, white space and all: the tokenizer is under test here, not the reader. */
function turns(transcript: string): Message[] {
  const parts = transcript.split(/\n\n(Human|Assistant): /);
  const messages: Message[] = [];
  for (let i = 1; i < parts.length; i += 2)
    messages.push({ role: parts[i] === 'Human' ? 'user' : 'assistant', content: parts[i + 1] });
  return messages;
}
