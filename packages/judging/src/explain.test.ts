import { sampleAnswers, type Model, type ModelView } from '@selfjudge/engine';
import { byteTokenizer } from '@selfjudge/text';
import { byteModel } from '@selfjudge/testing/tinyModel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judgeSequences } from './examples.js';
import { explainVerdicts } from './explain.js';
import { loadJudgeTemplate } from './templateFile.js';
import { TokenJudge } from './tokenJudge.js';
import { verdictOf, voteOf, type TokenEvidence, type Verdict } from './verdict.js';

const tokenizer = byteTokenizer({ words: [' A', ' B'] });
const rationale = loadJudgeTemplate('rationale');
const pair = { prompt: 'What is tea?', a: 'A drink.', b: 'No idea.' };

let model: Model;
let view: ModelView;
beforeAll(() => {
  model = byteModel();
  view = model.view([]);
});
afterAll(() => model.dispose());

type Order = [pA: number, pB: number];
const A: Order = [0.8, 0.1];
const B: Order = [0.1, 0.8];

/** A verdict by questions, each a pair of orders. */
function asked(...questions: [ab: Order, ba: Order][]): Verdict {
  const orders = questions.map(
    (both) => both.map(([pA, pB]) => ({ rendered: '', pA, pB })) as TokenEvidence['orders'],
  );
  return verdictOf(
    orders[0],
    orders.map(([ab, ba], i) => voteOf(`q${i}`, ab, ba)),
  );
}

/** What the model says after the beginning of a training example: question and verdict, without the rationale. */
async function continued(winner: 'a' | 'b', order: 0 | 1, maxNewTokens: number): Promise<string> {
  const [chosen, rejected] = winner === 'a' ? [pair.a, pair.b] : [pair.b, pair.a];
  const rationales = { overall: { chosen: 'Good.', rejected: 'Bad.' } };
  const { sequences } = judgeSequences(
    { prompt: pair.prompt, chosen, rejected, rationales },
    rationale,
    tokenizer,
  );
  const { tokens, targets } = sequences[order];
  // The verdict is the first target, the rationale follows it.
  expect(targets![1][0]).toBe(targets![0][1]);
  const prompt = Array.from(tokens).slice(0, targets![0][1]);
  const [[{ text }]] = await sampleAnswers(view, tokenizer, [prompt], { maxNewTokens, temperature: 0 });
  return text.trim();
}

describe('explainVerdicts', () => {
  it('goes on where rationales are trained, in the first order that names the winner', async () => {
    const judge = new TokenJudge(view, tokenizer, rationale);
    const verdicts = [asked([A, B]), asked([B, A]), asked([[0.1, 0.2], B]), asked([A, A])];
    const pairs = verdicts.map(() => pair);
    const said = await explainVerdicts(judge, pairs, verdicts, { maxNewTokens: 12 });
    expect(said[0]).toEqual([{ text: await continued('a', 0, 12), order: 'ab', finish: 'length' }]);
    // Here b is the chosen one: a is shown first in the second order of its training example.
    expect(said[1]).toEqual([{ text: await continued('b', 1, 12), order: 'ab', finish: 'length' }]);
    // a wins by the second order alone, where it is called B.
    expect(said[2]).toEqual([{ text: await continued('a', 1, 12), order: 'ba', finish: 'length' }]);
    expect(said[3]).toEqual([undefined]);
    const texts = said.slice(0, 3).map(([one]) => one!.text);
    expect(new Set(texts).size).toBeGreaterThan(1);
  });

  it('explains each question by its own vote', async () => {
    const judge = new TokenJudge(view, tokenizer, loadJudgeTemplate('principled-rationale'));
    const verdict = asked([A, B], [B, A], [A, A], [A, B]);
    const [said] = await explainVerdicts(judge, [pair], [verdict], { maxNewTokens: 4 });
    expect(said.map((one) => one?.finish)).toEqual(['length', 'length', undefined, 'length']);
  });

  it('says where there is no room, and asks nothing of verdicts without evidence', async () => {
    const judge = new TokenJudge(view, tokenizer, rationale);
    const long = { ...pair, a: 'x'.repeat(1500) };
    const [cut] = await explainVerdicts(judge, [long], [asked([A, B])], { maxNewTokens: 400 });
    expect(cut).toEqual([{ text: null, order: 'ab', finish: 'no-room' }]);
    const scored: Verdict = { winner: 'a', scoreA: 1, scoreB: 0, probability: 0.7 };
    expect(await explainVerdicts(judge, [pair], [scored], { maxNewTokens: 4 })).toEqual([[]]);
  });
});
