// Decoding on the real weights, bf16: 16 answers behind one prefix that is stored once, against as many copies of it; and one
// answer alone, against how fast memory can be read, for every token reads all weights.
import { fileURLToPath } from 'node:url';
import { progress, result } from '../compare.mjs';
import { Contender, interleave } from '../harness.mjs';
import { buildDram } from '../peers/dram/build.mjs';
import { realModel } from '../../scripts/realModel.mjs';

const ours = fileURLToPath(new URL('ours.mjs', import.meta.url));
const SHARED = { prefix: 256, answers: 16 };
const ALONE = { prefix: 16, answers: 1 };
const milliseconds = (answers) => answers.map(({ seconds }) => seconds * 1e3);

async function sharing(weights, device, rounds, results) {
  const sides = ['shared', 'unshared'].map(
    (name) => new Contender(name, process.execPath, [ours, weights, device, name]),
  );
  for (const [part, size, metric] of [
    ['attention', { steps: 32 }, 'attention of a layer'],
    ['step', { steps: 32 }, 'decode step'],
  ]) {
    const work = { part, ...SHARED, ...size };
    const [a, b] = await interleave(sides, work, { rounds, onRound: progress });
    results.push(
      result({
        name: 'decode',
        shape: { ...SHARED, dtype: 'bf16' },
        metric,
        unit: 'ms',
        ours: milliseconds(a),
        peer: milliseconds(b),
        peerName: 'ours, the prefix stored for each answer',
      }),
    );
  }
  await Promise.all(sides.map((side) => side.close()));
}

async function alone(weights, device, rounds, results) {
  const dram = device === 'cpu' ? buildDram() : { missing: 'the read ceiling is measured on the CPU only' };
  if (dram.missing) process.stderr.write(`${dram.missing}\n`);
  const sides = [new Contender('ours', process.execPath, [ours, weights, device, 'shared'])];
  if (dram.program) sides.push(new Contender('read ceiling', dram.program, []));
  const work = { part: 'step', ...ALONE, steps: 48 };
  const [a, ceiling] = await interleave(sides, work, { rounds, onRound: progress });
  await Promise.all(sides.map((side) => side.close()));
  const shape = { ...ALONE, dtype: 'bf16' };
  const base = { name: 'decode', shape };
  results.push(result({ ...base, metric: 'one token', unit: 'ms', ours: milliseconds(a) }));
  if (ceiling !== undefined) {
    const rates = ceiling.map(({ bytes, seconds }) => bytes / seconds);
    results.push(
      result({ ...base, metric: 'DRAM read ceiling', unit: 'GB/s', ours: rates.map((rate) => rate / 1e9) }),
      result({
        ...base,
        shape: { ...shape, bytes: a[0].bytes },
        metric: 'share of the DRAM read ceiling',
        unit: '1',
        ours: a.map(({ seconds, bytes }, i) => bytes / seconds / rates[i]),
      }),
    );
  }
  return { path: a[0].path, device: a[0].device };
}

export async function run({ rounds, device, model: given }) {
  const weights = given ? { path: given } : realModel();
  if (weights.missing) return { skipped: weights.missing };
  const results = [];
  await sharing(weights.path, device, rounds, results);
  const versions = await alone(weights.path, device, rounds, results);
  return { versions, results };
}
