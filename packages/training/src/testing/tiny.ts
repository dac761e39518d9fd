import { Adapter, Tensor, tidy, type AdapterConfig, type Model, type ParameterSet } from '@selfjudge/engine';
import { Random } from '@selfjudge/base';
import { byteModel } from '@selfjudge/testing/tinyModel';
import { voteOf, type Judge, type JudgePair, type TokenVerdict } from '@selfjudge/judging';
import type { TokenizedPrompt } from '../pairs/contest.js';
import type { SupervisedExample } from '../losses/supervised.js';
import { judgeExample, sftExample } from '../losses/supervised.js';

/** What training is tested on: two layers of width 32 over bytes. */
export function tinyModel(seed = 1): Model {
  const model = byteModel({ seed, config: { maxPositions: 256 } });
  model.source = 'tiny';
  return model;
}

export const tinyLora: AdapterConfig = {
  r: 4,
  alpha: 8,
  dropout: 0,
  targetModules: ['q_proj', 'v_proj', 'down_proj'],
};

/** A frozen adapter that is not zero, as after JSFT. */
export async function trainedAdapter(model: Model, seed: number): Promise<Adapter> {
  const adapter = Adapter.init(model, tinyLora, seed);
  jitter(adapter.makeTrainable(), await adapter.read(), seed, 0.1);
  adapter.freeze();
  return adapter;
}

/** Adds normal noise to parameters whose values are `values`. */
export function jitter(parameters: ParameterSet, values: Float32Array, seed: number, size: number): void {
  const random = new Random(seed);
  parameters.load(values.map((x) => x + size * random.normal()));
}

export function tinyPrompts(model: Model, count: number): TokenizedPrompt[] {
  const tokenizer = model.tokenizer!;
  return Array.from({ length: count }, (_, i) => {
    const text = `Name ${i}?`;
    const rendered = tokenizer.renderChat([{ role: 'user', content: text }], { addGenerationPrompt: true });
    return { id: `p${i}`, text, tokens: tokenizer.encodeRendered(rendered) };
  });
}

/** Random token sequences: `sft` answers, and judgments in two orders with a verdict and a rationale. */
export function tinyExamples(
  seed: number,
  count: number,
): { sft: SupervisedExample[]; judge: SupervisedExample[] } {
  const random = new Random(seed);
  const ids = (n: number) => Array.from({ length: n }, () => random.below(250));
  const head = ids(5);
  const sft = Array.from({ length: count }, (_, i) => {
    const tokens = [...head, ...ids(4 + random.below(8))];
    return sftExample({ tokens, targets: [[5 + random.below(3), tokens.length]] }, `sft ${i}`);
  });
  const judge = Array.from({ length: count }, (_, i) => {
    const body = ids(3 + random.below(4));
    const order = (verdict: number) => {
      const tokens = [...head, ...body, verdict, ...ids(3)];
      const at = 5 + body.length;
      return {
        tokens,
        targets: [
          [at, at + 1],
          [at + 1, tokens.length],
        ] as [number, number][],
        candidates: [{ position: at - 1, labels: [1, 2] }],
      };
    };
    const kinds = ['verdict', 'rationale'] as ('verdict' | 'rationale')[];
    return judgeExample({ sequences: [order(1), order(2)], kinds: [kinds, kinds] }, `judge ${i}`);
  });
  return { sft, judge };
}

/** Prefers the answer whose text has the larger hash: arbitrary, fixed, never a tie but on equal texts. */
export const hashJudge: Judge = {
  compare: (pairs) => Promise.resolve(pairs.map((pair) => verdict(pair, hash(pair.a) - hash(pair.b)))),
};

export function verdict(_: JudgePair, difference: number): TokenVerdict {
  const winner = difference > 0 ? 'a' : difference < 0 ? 'b' : 'tie';
  const scoreA = winner === 'a' ? 0.7 : winner === 'b' ? 0.3 : 0.5;
  const scoreB = 1 - scoreA;
  return {
    winner,
    probability: scoreA,
    scoreA,
    scoreB,
    evidence: {
      kind: 'token',
      orders: [
        { rendered: '', pA: scoreA, pB: scoreB },
        { rendered: '', pA: scoreB, pB: scoreA },
      ],
      votes: [voteOf('overall', { pA: scoreA, pB: scoreB }, { pA: scoreB, pB: scoreA })],
    },
  };
}

function hash(text: string): number {
  let h = 7;
  for (const c of text) h = (Math.imul(h, 31) + c.codePointAt(0)!) | 0;
  return h;
}

/** The gradient as it stands, cleared afterwards. */
export async function takeGradient(parameters: ParameterSet): Promise<Float32Array> {
  const gradient = (await parameters.grad.read()) as Float32Array;
  parameters.zeroGrad();
  return gradient;
}

/** |a - b| / |b| in the Euclidean norm. */
export function relativeError(a: Float32Array, b: Float32Array): number {
  let difference = 0;
  let size = 0;
  for (let i = 0; i < a.length; i++) {
    difference += (a[i] - b[i]) ** 2;
    size += b[i] ** 2;
  }
  return Math.sqrt(difference / size);
}

/** Writes values into a tensor. */
export function writeInto(tensor: Tensor, values: Float32Array, copy: (x: Tensor, y: Tensor) => void): void {
  tidy(() => copy(Tensor.from(tensor.device, values, tensor.shape), tensor));
}
