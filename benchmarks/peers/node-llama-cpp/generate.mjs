// llama.cpp through node-llama-cpp, served line by line: the same work as benchmarks/generate/ours.mjs.
// usage: node generate.mjs MODEL.gguf
import { serve, timed } from '../../compare.mjs';
import { getLlama, LlamaLogLevel } from 'node-llama-cpp';

const THREADS = 2;
const llama = await getLlama({
  gpu: false,
  build: 'never',
  skipDownload: true,
  maxThreads: THREADS,
  logLevel: LlamaLogLevel.error,
});
const model = await llama.loadModel({ modelPath: process.argv[2] });

/** All answers a token at a time: asked for together, they are decoded as one batch. */
async function lockstep(iterators, newTokens) {
  for (let i = 0; i < newTokens; i++) await Promise.all(iterators.map((one) => one.next()));
}

/** Each answer at its own pace: a batch is of those that wait when it begins. */
async function free(iterators, newTokens) {
  await Promise.all(
    iterators.map(async (one) => {
      for (let i = 0; i < newTokens; i++) await one.next();
    }),
  );
}
const PACES = { lockstep, free };

async function answers({ prompts, samples, new_tokens, top_p }, { flashAttention, pace }) {
  const rows = prompts.flatMap((prompt) => Array(samples).fill(prompt));
  const context = await model.createContext({
    sequences: rows.length,
    contextSize: Math.max(...rows.map((row) => row.length)) + new_tokens + 8, // the last cells stay free
    batchSize: rows.reduce((sum, row) => sum + row.length, 0),
    threads: THREADS,
    flashAttention,
  });
  const options = { temperature: 1, topP: top_p, topK: 0, minP: 0, yieldEogToken: true };
  const iterators = rows.map((row, i) => context.getSequence().evaluate(row, { ...options, seed: i + 1 }));
  const { seconds } = await timed(() => PACES[pace](iterators, new_tokens));
  await Promise.all(iterators.map((one) => one.return()));
  await context.dispose();
  return { seconds };
}

// The fastest settings, by a short probe of each kind of work.
const settings = new Map();
async function best(work) {
  const key = `${work.prompts.length} ${work.new_tokens}`;
  if (settings.has(key)) return settings.get(key);
  const tried = [];
  for (const flashAttention of [false, true])
    for (const pace of work.new_tokens > 1 ? Object.keys(PACES) : ['free']) {
      const setting = { flashAttention, pace };
      const { seconds } = await answers({ ...work, new_tokens: Math.min(work.new_tokens, 8) }, setting);
      process.stderr.write(`llama.cpp ${JSON.stringify(setting)}: ${seconds.toPrecision(3)} s\n`);
      tried.push({ seconds, setting });
    }
  tried.sort((a, b) => a.seconds - b.seconds);
  settings.set(key, tried[0].setting);
  return tried[0].setting;
}

await serve(async (work) => {
  const setting = await best(work);
  return { ...(await answers(work, setting)), setting };
});
process.exit(0);
