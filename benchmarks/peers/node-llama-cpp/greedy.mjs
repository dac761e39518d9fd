// The most probable tokens after given ids, by llama.cpp through node-llama-cpp.
// usage: node greedy.mjs < WORK.json; WORK: {model, adapter?, rows: [[id]], steps}. Prints JSON: a list of tokens a row.
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { getLlama, LlamaLogLevel } from 'node-llama-cpp';

const { model: modelPath, adapter, rows, steps } = JSON.parse(readFileSync(0, 'utf8'));
const llama = await getLlama({
  gpu: false,
  build: 'never',
  skipDownload: true,
  maxThreads: 2,
  logLevel: LlamaLogLevel.error,
});
const model = await llama.loadModel({ modelPath }).catch(async (error) => {
  await setTimeout(300); // what llama.cpp said of it comes later
  throw error;
});
const out = [];
for (const row of rows) {
  const context = await model.createContext({
    contextSize: 256,
    threads: 2,
    flashAttention: false,
    ...(adapter && { lora: { adapters: [{ filePath: adapter, scale: 1 }] } }),
  });
  const tokens = [];
  const options = { temperature: 0, yieldEogToken: true };
  for await (const token of context.getSequence().evaluate(row, options)) {
    tokens.push(token);
    if (tokens.length === steps) break;
  }
  out.push(tokens);
  await context.dispose();
}
process.stdout.write(JSON.stringify(out));
process.exit(0);
