// Decoding on the real weights, bf16: 16 answers behind one prefix that is stored once, against as many copies of it; and one
// answer alone, against how fast memory can be read, for every token reads all weights. Beside another checkout each of the
// three against the other's.
import { ours } from '../beside.mjs';
import { ceilings } from '../ceilings/build.mjs';
import { progress, result } from '../compare.mjs';
import { interleave } from '../harness.mjs';
import { realModel } from '../../scripts/realModel.mjs';

const SHARED = { prefix: 256, answers: 16 };
const ALONE = { prefix: 16, answers: 1 };
const milliseconds = (answers) => answers.map(({ seconds }) => seconds * 1e3);

/** What is measured with the prefix shared by all answers: what there is to ask, and its name. */
const PARTS = [
  // A tenth of a millisecond a call: so many that a round takes seconds.
  [{ part: 'attention', ...SHARED, steps: 512 }, 'attention of a layer'],
  [{ part: 'step', ...SHARED, steps: 32 }, 'decode step'],
];
const ONE = [{ part: 'step', ...ALONE, steps: 48 }, 'one token'];

async function compared(sides, [work, metric], peerName, rounds) {
  const [a, b] = await interleave(sides, work, { rounds, onRound: progress });
  const { prefix, answers } = work;
  const shape = { prefix, answers, dtype: 'bf16' };
  const values = { ours: milliseconds(a), peer: milliseconds(b), peerName };
  return { about: a[0], result: result({ name: 'decode', shape, metric, unit: 'ms', ...values }) };
}

async function sharing(weights, device, rounds, results) {
  const sides = ['shared', 'unshared'].flatMap((how) => ours('decode', [weights, device, how]));
  for (const part of PARTS)
    results.push((await compared(sides, part, 'ours, the prefix stored for each answer', rounds)).result);
  await Promise.all(sides.map((side) => side.close()));
}

async function alone(weights, device, rounds, results) {
  const { contender, missing } = ceilings(device);
  if (missing) process.stderr.write(`${missing}\n`);
  const sides = ours('decode', [weights, device, 'shared']);
  if (contender) sides.push(contender);
  const [work, metric] = ONE;
  const [a, ceiling] = await interleave(sides, work, { rounds, onRound: progress });
  await Promise.all(sides.map((side) => side.close()));
  const shape = { ...ALONE, dtype: 'bf16' };
  const base = { name: 'decode', shape };
  results.push(result({ ...base, metric, unit: 'ms', ours: milliseconds(a) }));
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
  return a[0];
}

async function besideTheOther(weights, device, rounds, results, beside) {
  const sides = ours('decode', [weights, device, 'shared'], beside);
  let last;
  for (const part of [...PARTS, ONE]) {
    last = await compared(sides, part, beside.name, rounds);
    results.push(last.result);
  }
  await Promise.all(sides.map((side) => side.close()));
  return last.about;
}

export async function run({ rounds, device, model: given, beside }) {
  const weights = given ? { path: given } : realModel();
  if (weights.missing) return { skipped: weights.missing };
  const results = [];
  if (!beside) await sharing(weights.path, device, rounds, results);
  const { path, device: description } = beside
    ? await besideTheOther(weights.path, device, rounds, results, beside)
    : await alone(weights.path, device, rounds, results);
  return { versions: { path, device: description }, results };
}
