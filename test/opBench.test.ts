// Every op bench runs: one call each on tensors too small to measure.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { opBenches, opCalls } from '../benchmarks/ops/catalog.mjs';
import { repository } from './support/scratchRepository.js';

it('runs every op bench once', async () => {
  const model = { width: 8, inner: 16, vocabulary: 32, heads: 2, kvHeads: 1, dim: 8 };
  const calls: { op: string; shape: object; batch?: object[] }[] = opCalls(await opBenches(), {
    model,
    gpu: false,
    rows: [2],
    tokens: 64,
    trees: [[8, 2]],
  });
  const ours = spawn(process.execPath, ['benchmarks/ops/ours.mjs', 'cpu'], {
    cwd: repository,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let errors = '';
  ours.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  for (const { op, shape, batch } of calls)
    ours.stdin.write(`${JSON.stringify({ op, shape, batch, dtype: 'bf16', calls: 1 })}\n`);
  ours.stdin.end();
  const answered: string[] = [];
  for await (const line of createInterface({ input: ours.stdout })) {
    const { op } = calls[answered.length];
    expect(JSON.parse(line).seconds, op).toBeGreaterThan(0);
    answered.push(op);
  }
  expect(answered, errors).toEqual(calls.map(({ op }) => op));
});
