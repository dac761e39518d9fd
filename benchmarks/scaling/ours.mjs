// What of ours grows with a size, served line by line, on random models: their speed does not depend on the weights.
import { Device, Model, TreeBatch, generate } from '../../packages/engine/dist/index.js';
import { serve, timed } from '../compare.mjs';
import { secondsOfStep } from '../steps.mjs';
import { MODELS } from './models.mjs';

const device = Device.open(process.argv[2]);
let name, model;

function use(wanted) {
  if (name === wanted) return;
  model?.dispose();
  model = Model.init(MODELS[wanted], { device, dtype: 'bf16', seed: 1 });
  name = wanted;
}

let next = 100;
/** Ids that no other call gives, so that sequences share what they are meant to share alone. */
const fresh = (length) => Array.from({ length }, () => (next = 100 + ((next + 7919) % 49_000)));

const parts = {
  /** The first token of one prompt: its prefill, and one step. */
  async prefill({ tokens }) {
    const run = () => generate(model.view(), [fresh(tokens)], { maxNewTokens: 1, eos: [] });
    return (await timed(run)).seconds;
  },

  decode: ({ answers, prefix, steps }) =>
    secondsOfStep(model.view(), [fresh(prefix + 1)], { count: answers, steps }),

  /** One pair under some principles, in both orders: the principle stands behind all the questions share. */
  async judge({ principles, context, answer, tail }) {
    const [head, a, b] = [fresh(context), fresh(answer), fresh(answer)];
    const tails = Array.from({ length: principles }, () => fresh(tail));
    const sequences = [
      [a, b],
      [b, a],
    ].flatMap(([first, second]) =>
      tails.map((end) => {
        const tokens = [head, first, second, end].flat();
        return { tokens, candidates: [{ position: tokens.length - 1, labels: [330, 389] }] };
      }),
    );
    return (await timed(() => model.view().score(TreeBatch.from(sequences)))).seconds;
  },

  /** Log-probabilities of two answers to each prompt, as the policy and the reference of a step need them. */
  async forward({ prompts, context, answer }) {
    const sequences = Array.from({ length: prompts }, () => fresh(context)).flatMap((prompt) =>
      [fresh(answer), fresh(answer)].map((tokens) => ({
        tokens: prompt.concat(tokens),
        targets: [[context, context + answer]],
      })),
    );
    return (await timed(() => model.view().score(TreeBatch.from(sequences)))).seconds;
  },
};

await serve(async ({ part, model: wanted, ...work }) => {
  use(wanted);
  return { seconds: await parts[part](work), path: device.path, device: device.description };
});
