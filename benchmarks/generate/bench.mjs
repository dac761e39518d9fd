// Sampling on the real weights against transformers and llama.cpp: 8 prompts x 2 answers of 128 tokens, and the time to the
// first token of a prompt of 768. Ours and transformers in bf16 with the weights dequantised, llama.cpp on the file as it is.
import { fileURLToPath } from 'node:url';
import { ours } from '../beside.mjs';
import { progress, pythonPackages, result } from '../compare.mjs';
import { Contender, interleave } from '../harness.mjs';
import { nodeLlamaCpp } from '../peers/nodeLlamaCpp.mjs';
import { realModel } from '../../scripts/realModel.mjs';
import { Device, Model } from '../../packages/engine/dist/index.js';
import { stepWork } from '../self-judge-step/work.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const PREFILL = 768;

/** The peers there are, each with a contender; a line on stderr for one that is missing. */
function peers(python, weights, device) {
  const found = [];
  const torch = pythonPackages(python, ['torch', 'transformers']);
  if (torch === undefined)
    process.stderr.write(`${python} has no torch and transformers (benchmarks/peers/requirements.txt)\n`);
  else
    found.push({
      name: `transformers ${torch.transformers}, bf16`,
      versions: torch,
      contender: new Contender('transformers', python, [here('../peers/generate.py'), weights, device]),
    });
  if (device !== 'cpu' || !weights.endsWith('.gguf')) return found; // the prebuilt llama.cpp is of the CPU and of GGUF
  const llama = nodeLlamaCpp();
  if (llama.missing) process.stderr.write(`${llama.missing}\n`);
  else
    found.push({
      name: `llama.cpp (node-llama-cpp ${llama.version}), Q4_1`,
      versions: { 'node-llama-cpp': llama.version },
      contender: new Contender('llama.cpp', process.execPath, [llama.script('generate.mjs'), weights]),
    });
  return found;
}

export async function run({ rounds, python, device, prompts, model: given, tokens, beside }) {
  const weights = given ? { path: given } : realModel();
  if (weights.missing) return { skipped: weights.missing };
  const model = await Model.load(weights.path, { device: Device.open('cpu'), dtype: 'bf16' });
  const step = await stepWork(model.tokenizer, { prompts });
  model.dispose();
  const long = step.prompts.flat();
  const sampling = { top_p: 0.9 };
  const works = [
    { prompts: step.prompts, samples: 2, new_tokens: tokens, ...sampling },
    {
      prompts: [Array.from({ length: PREFILL }, (_, i) => long[i % long.length])],
      samples: 1,
      new_tokens: 1,
      ...sampling,
    },
  ];

  const [mine, other] = ours('generate', [weights.path, device], beside);
  const others = beside ? [{ name: beside.name, contender: other }] : peers(python, weights.path, device);
  const contenders = [mine, ...others.map(({ contender }) => contender)];
  const results = [];
  let about;
  for (const work of works) {
    const answers = await interleave(contenders, work, { rounds, onRound: progress });
    about = answers[0][0];
    const of = ({ seconds }) =>
      work.new_tokens > 1 ? (work.prompts.length * work.samples * work.new_tokens) / seconds : seconds;
    const base =
      work.new_tokens > 1
        ? {
            name: 'generate',
            shape: {
              prompts: work.prompts.map((p) => p.length),
              answers: work.samples,
              new_tokens: work.new_tokens,
              dtype: 'bf16',
            },
            metric: 'tokens a second',
            unit: 'tokens/s',
            more: true,
          }
        : {
            name: 'generate',
            shape: { prompts: [PREFILL], answers: 1, new_tokens: 1, dtype: 'bf16' },
            metric: 'time to first token',
            unit: 's',
          };
    const values = answers[0].map(of);
    if (others.length === 0) results.push(result({ ...base, ours: values }));
    others.forEach(({ name }, i) =>
      results.push(result({ ...base, ours: values, peer: answers[i + 1].map(of), peerName: name })),
    );
  }
  await Promise.all(contenders.map((contender) => contender.close()));
  const versions = { path: about.path, device: about.device };
  return { versions: Object.assign(versions, ...others.map(({ versions }) => versions)), results };
}
