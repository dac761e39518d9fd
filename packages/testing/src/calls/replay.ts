import { gatherWorkers, setWorkerLimit, workerCount } from '@selfjudge/native';
import type { NativeDevice } from '@selfjudge/native';
import { isOutput, isWritten } from '../contractCalls.js';
import { BF16, F32, PANELS } from '../native.js';
import { readContent, type Content, type RecordedCall } from './recorder.js';

export interface Replayed {
  /** What each tensor of the contract holds afterwards that the call made or changed; null for the others. */
  written: (Content | null)[];
  /** Jobs of the call that several workers ran, where all were gathered. */
  jobs: number;
}

function place(native: NativeDevice, { dtype, layout, shape, values }: Content): number {
  if (layout !== PANELS) return native.upload(values, dtype, shape).handle;
  const panels = native.empty(dtype, shape, PANELS).handle;
  const rows = native.upload(values, dtype === BF16 ? BF16 : F32, shape).handle;
  native.enqueue('pack', [rows, panels], [], null);
  native.dispose(rows);
  return panels;
}

/** Makes the call on one worker, or on all of them gathered (`gatherWorkers`); on a GPU there is no choice. */
export async function replay(
  native: NativeDevice,
  { contract, tensors, numbers, segments }: RecordedCall,
  gathered: boolean,
): Promise<Replayed> {
  const handles = tensors.map((content) => content && place(native, content));
  const tree = segments && native.tree(segments);
  const made: number[] = [];
  try {
    await native.sync();
    setWorkerLimit(gathered ? workerCount() : 1);
    const before = gatherWorkers(gathered);
    const outputs = native.enqueue(contract.op, handles, numbers, tree);
    made.push(...outputs.flatMap((output) => output?.handle ?? []));
    await native.sync();
    const jobs = gatherWorkers(false) - before;
    const written = await Promise.all(
      contract.tensors.map((spec, i) => {
        const output = isOutput(spec) ? outputs.shift() : isWritten(spec) ? tensors[i] : null;
        return output && readContent(native, handles[i] ?? (output as { handle: number }).handle, output);
      }),
    );
    return { written: written.map((content) => content ?? null), jobs };
  } finally {
    setWorkerLimit(workerCount());
    gatherWorkers(false);
    for (const handle of [...handles, ...made]) if (handle !== null) native.dispose(handle);
    if (tree !== null) native.disposeTree(tree);
  }
}
