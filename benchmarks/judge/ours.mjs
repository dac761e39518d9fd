// Judging of ours, served line by line: the same questions as benchmarks/peers/judge.py, rendered and tokenised in the time
// that is measured, as `compare` does it.
import { Device, Model } from '../../packages/engine/dist/index.js';
import { loadJudgeTemplate, TokenJudge } from '../../packages/judging/dist/index.js';
import { serve, timed } from '../compare.mjs';

const device = Device.open(process.argv[3]);
const model = await Model.load(process.argv[2], { device, dtype: 'bf16' });
const judge = new TokenJudge(model.view(), model.tokenizer, loadJudgeTemplate('plain'));

await serve(async ({ pairs }) => {
  const { seconds, value } = await timed(() => judge.compare(pairs));
  const logp = value.flatMap(({ orders }) => orders.flatMap(({ pA, pB }) => [Math.log(pA), Math.log(pB)]));
  return { seconds, logp, path: device.path, device: device.description };
});
