// What a model of 1.24 billion parameters takes on one machine, against transformers + PEFT: open a bf16 folder of random
// weights, score rows, train one LoRA step on them and save the adapter, each with its time and its peak of memory. Every turn is
// a process of its own, as people start one.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ours, theirs } from '../beside.mjs';
import { pythonPackages, result } from '../compare.mjs';
import { anew, Contender, interleave } from '../harness.mjs';
import { ONE_BILLION, writeRandomFolder } from './folder.mjs';

const BENCH = 'large-model';
const PEER = fileURLToPath(new URL('../peers/large_model.py', import.meta.url));
const [ROWS, TOKENS] = [4, 128];
const PHASES = ['open', 'score', 'train', 'save'];
/** Opening may take so many times what the model then holds, and what Node grows by while a program runs. */
const OPENING = { times: 1.1, beside: 8 };
/** Both compute in bf16, each in its order: what the mean log-probability of a label may differ by, and the loss, in nats. */
const AGREE = 0.02;

function rowsOf(vocabulary) {
  let seed = 1;
  const id = () => (seed = (Math.imul(seed, 48_271) >>> 0) % 2_147_483_647) % vocabulary;
  return Array.from({ length: ROWS }, () => Array.from({ length: TOKENS }, id));
}

function assertOpening({ grown_mb, held_mb }) {
  const most = OPENING.times * held_mb + OPENING.beside;
  process.stderr.write(`opening took ${(grown_mb / held_mb).toFixed(3)} times what the model then holds\n`);
  if (grown_mb > most)
    throw new Error(`opening: expected at most ${most.toFixed(0)} MB, received ${grown_mb.toFixed(0)} MB`);
}

/** The same work has the same result, or the times mean nothing. */
function assertAgree([mine, peer]) {
  for (const key of ['logprob', 'loss'])
    if (!(Math.abs(mine[key] - peer[key]) < AGREE))
      throw new Error(`${key}: expected ${peer[key]} as the peer has it, received ${mine[key]}`);
}

export async function run({ rounds, python, device, model, beside }) {
  const versions = beside ? {} : pythonPackages(python, ['torch', 'transformers', 'peft']);
  if (versions === undefined)
    process.stderr.write(
      `${python} has no torch, transformers and peft (benchmarks/peers/requirements.txt)\n`,
    );
  const room = mkdtempSync(join(tmpdir(), 'selfjudge-large-model-'));
  try {
    const folder = model ?? join(room, 'model');
    if (model === undefined) writeRandomFolder(folder, ONE_BILLION);
    const out = join(room, 'out');
    mkdirSync(out);
    const sides = [anew('ours', () => ours(BENCH, [folder, device])[0])];
    if (beside) sides.push(anew(beside.name, () => theirs(beside, BENCH, [folder, device])));
    else if (versions) sides.push(anew('peer', () => new Contender('peer', python, [PEER, folder, device])));
    const { vocab_size: vocabulary } = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
    const answers = await interleave(
      sides,
      { rows: rowsOf(vocabulary), out },
      {
        rounds,
        onRound: (name, round, answer) => {
          if (name === 'ours' && device === 'cpu') assertOpening(answer.phases.open);
          const told = PHASES.map((phase) => {
            const { seconds, peak_mb } = answer.phases[phase];
            return `${phase} ${seconds.toFixed(1)} s ${peak_mb.toFixed(0)} MB`;
          });
          process.stderr.write(`${name} ${round}: ${told.join(', ')}\n`);
        },
      },
    );
    if (sides.length > 1) for (const i of answers[0].keys()) assertAgree(answers.map((side) => side[i]));

    const shape = { rows: ROWS, tokens: TOKENS, parameters: answers[0][0].parameters, dtype: 'bf16' };
    const peerName = beside?.name ?? 'transformers + PEFT';
    const of = (metric, unit, value) => {
      const [mine, peer] = answers.map((side) => side.map(value));
      return result({ name: BENCH, shape, metric, unit, ours: mine, peer, peerName });
    };
    return {
      versions: { ...versions, path: answers[0][0].path, device: answers[0][0].device },
      results: [
        ...PHASES.map((phase) => of(phase, 's', ({ phases }) => phases[phase].seconds)),
        ...PHASES.map((phase) => of(`${phase}, peak memory`, 'MB', ({ phases }) => phases[phase].peak_mb)),
        of('weights held', 'MB', ({ phases }) => phases.open.held_mb),
      ],
    };
  } finally {
    rmSync(room, { recursive: true, force: true });
  }
}
