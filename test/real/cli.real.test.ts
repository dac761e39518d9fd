// score, judge and generate on real weights, through the command line, checked by a computation of their own here.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TreeBatch, type Model } from '@selfjudge/engine';
import { type Message } from '@selfjudge/text';
import { rowsOf, run, temporaryFolder } from '../support/cli.js';
import { writeRows } from '../support/tinyModel.js';
import { figure, fixture, largestDifference, loadReal, preferences, tokenLogprobs, weights } from './real.js';

interface JudgedOrder {
  rendered: string;
  p_a: number;
  p_b: number;
}

interface Judged {
  winner: 'a' | 'b' | 'tie';
  probability: number;
  orders: [JudgedOrder, JudgedOrder];
  votes?: { principle: string; winner: string; score_a: number; score_b: number }[];
}

describe.skipIf(weights === '')('the command line on real weights', () => {
  const folder = temporaryFolder();
  const pairs = [0, 1, 7].map((i) => {
    const { prompt, chosen, rejected } = preferences[i];
    return { prompt, completions: [chosen[0].content, rejected[0].content] };
  });
  let model: Model;
  let pairsFile: string;
  beforeAll(async () => {
    model = await loadReal();
    pairsFile = writeRows(folder.path, 'pairs.jsonl', pairs);
  });
  afterAll(() => {
    model.dispose();
    folder.remove();
  });

  /** The rows a verb writes to --out. */
  let outputs = 0;
  async function rowsFrom<T>(verb: string, ...args: string[]): Promise<T[]> {
    const out = join(folder.path, `${verb}-${++outputs}.jsonl`);
    const { code, stderr } = await run([verb, ...args, '-m', weights, '--out', out]);
    expect(stderr).not.toMatch(/warning|error/);
    expect(code).toBe(0);
    return rowsOf(readFileSync(out, 'utf8')) as T[];
  }

  /** The softmax over the whole vocabulary of what follows a text. */
  async function nextToken(text: string): Promise<Float64Array> {
    const tokens = model.tokenizer!.encode(text, { special: true });
    const labels = Array.from({ length: model.config.vocabSize }, (_, id) => id);
    const batch = TreeBatch.from([{ tokens, candidates: [{ position: tokens.length - 1, labels }] }]);
    return Float64Array.from(await model.view().score(batch), Math.exp);
  }

  const verdictIds = () => [' A', ' B'].map((text) => model.tokenizer!.encode(text, { continues: true }));

  it('score: the tokens of the completion and their log-probabilities', async () => {
    const messages: Message[] = [{ role: 'user', content: 'Name a colour.' }];
    const file = writeRows(folder.path, 'score.in.jsonl', [
      { prompt: 'Name a colour.', completion: 'Blue.' },
      { prompt: messages, completion: [{ role: 'assistant', content: 'Blue.' }] },
      { prompt: messages, completion: 'Seven sad tractors.' },
    ]);
    const scores = await rowsFrom<{ logprob: number; tokens: number[]; logprobs: number[] }>(
      'score',
      file,
      '--dtype',
      'float32',
      '--prompt_format',
      'chat',
    );
    expect(scores).toHaveLength(3);
    const tokenizer = model.tokenizer!;
    for (const [i, content] of ['Blue.', 'Blue.', 'Seven sad tractors.'].entries()) {
      const { logprob, tokens, logprobs } = scores[i];
      const ids = tokenizer.encodeRendered(
        tokenizer.renderChat([...messages, { role: 'assistant', content }]),
      );
      const prompt = tokenizer.encodeRendered(tokenizer.renderChat(messages, { addGenerationPrompt: true }));
      const end = prompt.length + tokens.length;
      expect(tokens).toEqual(ids.slice(prompt.length, end));
      expect(tokenizer.decode(tokens)).toBe(`${content}<|im_end|>`);
      const expected = (await tokenLogprobs(model.view(), ids)).slice(prompt.length - 1, end - 1);
      expect(largestDifference(logprobs, expected)).toBeLessThan(1e-6);
      expect(logprob).toBeCloseTo(
        logprobs.reduce((sum, x) => sum + x, 0),
        9,
      );
    }
    expect(scores[2].logprob).toBeLessThan(scores[0].logprob);
  });

  it('judge: p_a and p_b are what follows the rendered text, in both orders', async () => {
    const verdicts = await rowsFrom<Judged>(
      'judge',
      pairsFile,
      '--judge_template',
      'plain',
      '--dtype',
      'float32',
    );
    expect(verdicts).toHaveLength(pairs.length);
    const [[a], [b]] = verdictIds();
    let worst = 0;
    for (const [i, { winner, probability, orders }] of verdicts.entries()) {
      expect(orders).toHaveLength(2);
      const [first, second] = pairs[i].completions;
      const [ab, ba] = orders;
      expect(ab.rendered.indexOf(first as string)).toBeLessThan(ab.rendered.indexOf(second as string));
      expect(ba.rendered.indexOf(second as string)).toBeLessThan(ba.rendered.indexOf(first as string));
      for (const { rendered, p_a, p_b } of orders) {
        const p = await nextToken(rendered);
        expect(p.reduce((sum, x) => sum + x, 0)).toBeCloseTo(1, 4);
        worst = Math.max(worst, Math.abs(p[a] - p_a), Math.abs(p[b] - p_b));
      }
      const [scoreA, scoreB] = [ab.p_a + ba.p_b, ab.p_b + ba.p_a];
      expect(probability).toBeCloseTo(scoreA / (scoreA + scoreB), 9);
      expect(winner).toBe(scoreA > scoreB ? 'a' : 'b');
    }
    figure('p_a and p_b against the softmax after the rendered text', worst);
    expect(worst).toBeLessThan(1e-6);
  });

  it('judge: transformers gives the same probabilities after the rendered texts', async () => {
    const { rows } = fixture<{ rows: (JudgedOrder & { tokens: number })[] }>('judge.json');
    const [[a], [b]] = verdictIds();
    let worst = 0;
    for (const { rendered, tokens, p_a, p_b } of rows) {
      expect(model.tokenizer!.encode(rendered, { special: true })).toHaveLength(tokens);
      const p = await nextToken(rendered);
      worst = Math.max(worst, Math.abs(p[a] - p_a), Math.abs(p[b] - p_b));
    }
    figure('verdict probabilities against transformers', worst);
    expect(worst).toBeLessThan(1e-4);
  });

  it('judge: bf16, and a vote for each principle', async () => {
    const verdicts = await rowsFrom<Judged>('judge', pairsFile, '--judge_template', 'principles');
    const [[a], [b]] = verdictIds();
    let worst = 0;
    for (const { orders, votes } of verdicts) {
      expect(votes!.map(({ principle }) => principle)).toEqual([
        'instruction_following',
        'truthfulness',
        'honesty',
        'helpfulness',
      ]);
      for (const { rendered, p_a, p_b } of orders) {
        const p = await nextToken(rendered);
        worst = Math.max(worst, Math.abs(p[a] - p_a), Math.abs(p[b] - p_b));
      }
    }
    figure('verdict probabilities of bf16 against float32', worst);
    expect(worst).toBeLessThan(0.05);
  });

  it('generate: the same answers for the same seed', async () => {
    const file = writeRows(folder.path, 'prompts.jsonl', [
      { prompt: 'Name a fruit.' },
      { prompt: 'Say hello.' },
    ]);
    const flags = ['--count', '2', '--prompt_format', 'chat', '--max_new_tokens', '24'];
    const generate = (seed: string) =>
      rowsFrom<{ prompt: string; completions: string[]; logprobs: number[]; finishes: string[] }>(
        'generate',
        file,
        ...flags,
        '--seed',
        seed,
      );
    const answers = await generate('1');
    expect(answers.map(({ prompt }) => prompt)).toEqual(['Name a fruit.', 'Say hello.']);
    for (const { completions, logprobs, finishes } of answers) {
      expect(completions).toEqual([expect.any(String), expect.any(String)]);
      expect(logprobs).toHaveLength(2);
      for (const logprob of logprobs) expect(logprob).toBeLessThan(0);
      for (const finish of finishes) expect(['eos', 'length']).toContain(finish);
    }
    expect(await generate('1')).toEqual(answers);
    expect(await generate('2')).not.toEqual(answers);
  });
});
