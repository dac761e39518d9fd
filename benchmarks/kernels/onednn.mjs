// The oneDNN peer: built on first use, against the oneDNN of the given interpreter's environment or of the system.
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { ours } from '../beside.mjs';
import { Contender, callsOfTurn, comparison, interleave, shapeText } from '../harness.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const SOURCE = here('../peers/onednn');
const BUILD = here('../peers/build/onednn');

/**
 * Both sides, `{ sides, peerName }`: ours and oneDNN, or beside another checkout ours and its; or `{ skipped }` with what is
 * missing.
 */
export function kernelSides({ python, device, beside }) {
  if (device !== 'cpu') return { skipped: 'kernels of the CPU only' };
  if (beside) return { sides: ours('kernels', [], beside), peerName: beside.name };
  const { peer, skipped } = onednnPeer(python);
  return skipped ? { skipped } : { sides: [...ours('kernels', []), peer] };
}

function onednnPeer(python) {
  const prefix = spawnSync(python, ['-c', 'import sys; print(sys.prefix)'], { encoding: 'utf8' });
  const where = prefix.status === 0 ? [`-DCMAKE_PREFIX_PATH=${prefix.stdout.trim()}`] : [];
  // Another interpreter may have another oneDNN: what an earlier search found is dropped.
  const configured = spawnSync('cmake', ['-S', SOURCE, '-B', BUILD, '-U', 'dnnl_DIR', ...where], {
    encoding: 'utf8',
  });
  if (configured.status !== 0) {
    return {
      skipped:
        configured.error || !/dnnl/.test(configured.stderr)
          ? `CMake and a C++ compiler with OpenMP are needed to build benchmarks/peers/onednn`
          : `no oneDNN 3: install onednn-devel-cpu-gomp (benchmarks/peers/requirements.txt) and name its --python`,
    };
  }
  const built = spawnSync('cmake', ['--build', BUILD], { encoding: 'utf8' });
  if (built.status !== 0)
    throw new Error(`benchmarks/peers/onednn does not build:\n${built.stdout}${built.stderr}`);
  const env = { ...process.env, OMP_NUM_THREADS: String(availableParallelism()) };
  return { peer: new Contender('oneDNN', `${BUILD}/onednn_peer`, [], { env }) };
}

/**
 * Measures the works on both sides, each in its own process, and closes them. An answer's checksum must be the peer's:
 * to the bit for a product (see exact.mjs), to `tolerance` for what is rounded on the way.
 */
export async function measure({ sides, peerName }, works, { rounds, tolerance = 0 }) {
  const measured = [];
  for (const work of works) {
    const first = [];
    for (const side of sides) first.push(await side.ask({ ...work, calls: 2 }));
    const [a, b] = first.map(({ checksum }) => checksum);
    if (!(Math.abs(a - b) <= tolerance * Math.abs(b)))
      throw new Error(`${work.op} ${shapeText(work.shape)}: ours computes ${a}, ${sides[1].name} ${b}`);
    const ask = { ...work, calls: await callsOfTurn(sides, work) };
    const answers = await interleave(sides, ask, { rounds });
    measured.push({ work, answers });
    const { ours: mine, peer: theirs, ratio } = comparison(...answers, ({ seconds }) => seconds * 1e3);
    process.stderr.write(
      `${work.op} ${shapeText(work.shape)}: ${mine.toPrecision(3)} ms, ${theirs.toPrecision(3)} ms, ${ratio.toFixed(2)}x\n`,
    );
  }
  await Promise.all(sides.map((side) => side.close()));
  const [[{ path, device }], [{ onednn }]] = measured[0].answers;
  return { versions: { onednn, path, device }, peerName: peerName ?? `oneDNN ${onednn}`, measured };
}
