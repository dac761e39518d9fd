import { join } from 'node:path';

import { writeJson } from '@selfjudge/base/internal';
import { bytesToWrite, writeSafetensors, type TensorToWrite } from './writeSafetensors.js';

/**
 * Writes tensors as transformers names their files: `stem.safetensors` or, where they take more than `maxBytes`, shards
 * `stem-00001-of-0000N.safetensors` with `stem.safetensors.index.json`. Tensors keep their order from shard to shard; one
 * that is larger than a shard has one of its own.
 *
 * @returns the names of the files with tensors
 */
export async function writeShards(
  folder: string,
  stem: string,
  tensors: readonly TensorToWrite[],
  maxBytes: number,
): Promise<string[]> {
  const shards = shardsOf(tensors, maxBytes);
  const name = (i: number) =>
    shards.length === 1
      ? `${stem}.safetensors`
      : `${stem}-${fiveDigits(i + 1)}-of-${fiveDigits(shards.length)}.safetensors`;
  for (const [i, shard] of shards.entries()) await writeSafetensors(join(folder, name(i)), shard);
  if (shards.length > 1) {
    const places = shards.flatMap((shard, i) => shard.map((tensor) => [tensor.name, name(i)] as const));
    await writeJson(join(folder, `${stem}.safetensors.index.json`), {
      metadata: { total_size: tensors.reduce((sum, tensor) => sum + bytesToWrite(tensor), 0) },
      weight_map: Object.fromEntries(places.sort(([a], [b]) => (a < b ? -1 : 1))),
    });
  }
  return shards.map((_, i) => name(i));
}

const fiveDigits = (n: number) => String(n).padStart(5, '0');

function shardsOf(tensors: readonly TensorToWrite[], maxBytes: number): TensorToWrite[][] {
  const shards: TensorToWrite[][] = [[]];
  let bytes = 0;
  for (const tensor of tensors) {
    const own = bytesToWrite(tensor);
    if (bytes > 0 && bytes + own > maxBytes) {
      shards.push([]);
      bytes = 0;
    }
    shards.at(-1)!.push(tensor);
    bytes += own;
  }
  return shards;
}
