// Long rows on a model of 1.24 billion parameters, where nothing is shared and kernels alone decide: an SFT step of LoRA on two rows
// of 4,090 tokens against transformers + PEFT, as it is and with its gradient checkpointing, and the log-probabilities of a row of
// 8,200. Opening is not timed. Every turn is a process of its own: its peak of memory is the turn's.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ours, theirs } from '../beside.mjs';
import { pythonPackages, result } from '../compare.mjs';
import { anew, Contender, interleave } from '../harness.mjs';
import { ONE_BILLION, writeRandomFolder } from '../large-model/folder.mjs';

const BENCH = 'large';
const PEER = fileURLToPath(new URL('../peers/large.py', import.meta.url));
const TRANSFORMERS = 'transformers + PEFT';
/** What is done, on what rows, and beside whom. */
const WORKS = [
  { name: 'SFT step', train: true, rows: 2, tokens: 4090, peers: ['plain', 'checkpointing'] },
  { name: 'score', train: false, rows: 1, tokens: 8200, peers: ['plain'] },
];
/** Both compute in bf16, each in its order: what the mean log-probability of a label may differ by, in nats. */
const AGREE = 0.02;

function rowsOf({ rows, tokens }) {
  let seed = 1;
  const id = () => (seed = (Math.imul(seed, 48_271) >>> 0) % 2_147_483_647) % ONE_BILLION.vocab_size;
  return Array.from({ length: rows }, () => Array.from({ length: tokens }, id));
}

export async function run({ rounds, python, device, model, beside }) {
  const versions = beside ? {} : pythonPackages(python, ['torch', 'transformers', 'peft']);
  if (versions === undefined)
    process.stderr.write(
      `${python} has no torch, transformers and peft (benchmarks/peers/requirements.txt)\n`,
    );
  const room = mkdtempSync(join(tmpdir(), 'selfjudge-large-'));
  try {
    const folder = model ?? join(room, 'model');
    if (model === undefined) writeRandomFolder(folder, ONE_BILLION);
    const results = [];
    let about;
    for (const work of WORKS) {
      const sides = [anew('ours', () => ours(BENCH, [folder, device])[0])];
      if (beside) sides.push(anew(beside.name, () => theirs(beside, BENCH, [folder, device])));
      else if (versions)
        for (const how of work.peers)
          sides.push(anew(how, () => new Contender(how, python, [PEER, folder, device, how])));
      const asked = { rows: rowsOf(work), train: work.train };
      const answers = await interleave(sides, asked, {
        warmup: 0,
        rounds,
        onRound: (name, round, { seconds, peak_mb }) =>
          process.stderr.write(
            `${work.name}, ${name} ${round}: ${seconds.toFixed(1)} s ${peak_mb.toFixed(0)} MB\n`,
          ),
      });
      const [mine, ...others] = answers;
      about ??= { path: mine[0].path, device: mine[0].device };
      for (const other of others) assertAgree(mine[0], other[0]);
      const shape = { rows: work.rows, tokens: work.tokens, parameters: mine[0].parameters, dtype: 'bf16' };
      for (const [unit, metric, of] of [
        ['s', 'time', ({ seconds }) => seconds],
        ['MB', 'peak memory', ({ peak_mb }) => peak_mb],
      ])
        for (const [i, peer] of (others.length > 0 ? others : [undefined]).entries())
          results.push(
            result({
              name: work.name,
              shape,
              metric,
              unit,
              ours: mine.map(of),
              peer: peer?.map(of),
              peerName: beside?.name ?? (i === 0 ? TRANSFORMERS : `${TRANSFORMERS}, ${work.peers[i]}`),
            }),
          );
    }
    return { versions: { ...versions, ...about }, results };
  } finally {
    rmSync(room, { recursive: true, force: true });
  }
}

/** The same work has the same result, or the times mean nothing. */
function assertAgree(mine, peer) {
  if (!(Math.abs(mine.logprob - peer.logprob) < AGREE))
    throw new Error(`logprob: expected ${peer.logprob} as the peer has it, received ${mine.logprob}`);
}
