import { BLOCK, blocksFor, KvPool, readsByWindow } from '@selfjudge/engine/internal';
import { forwardRows } from '@selfjudge/engine';
import type { ModelView } from '@selfjudge/engine';
import { tidy } from '@selfjudge/engine';
import { Tensor } from '@selfjudge/engine';

/**
 * The hidden rows from which tokens[from ..] are predicted, by decoding through a pool op by op, without a Program: rows
 * before `branch` are written to one path, which then branches inside its block; the copy goes on alone, first with
 * the rest of the prompt in one pass, then a token at a time.
 *
 * @returns [tokens.length - from, hiddenSize]
 */
export async function eagerDecode(
  view: ModelView,
  tokens: readonly number[],
  { from, branch }: { from: number; branch: number },
): Promise<Float32Array> {
  const { device, config, dtype } = view.model;
  const blocks = blocksFor(tokens.length);
  const pool = new KvPool(device, config, dtype, 2 * blocks);
  const first = pool.take(blocks);
  const feed = (start: number, end: number, table: readonly number[]): Tensor =>
    tidy(() => {
      const ints = (values: number[], shape = [values.length]) =>
        Tensor.from(device, Int32Array.from(values), shape);
      const positions = Array.from({ length: end - start }, (_, i) => start + i);
      const rows = {
        slots: ints(positions.map((p) => table[Math.floor(p / BLOCK)] * BLOCK + (p % BLOCK))),
        tables: ints([...table], [1, table.length]),
        rowTable: ints(positions.map(() => 0)),
        lengths: ints(positions.map((p) => p + 1)),
        reads: readsByWindow(
          positions.map((position) => ({ position, table })),
          config,
        ),
      };
      return forwardRows(view, {
        tokens: ints(tokens.slice(start, end)),
        positions: ints(positions),
        length: end,
        attend: (layer, q, k, v, angles) => pool.attend(layer, q, k, v, angles, rows),
      });
    });

  feed(0, branch, first).dispose();
  const full = Math.floor(branch / BLOCK);
  const own = pool.take(blocks - full);
  const table = [...first.slice(0, full), ...own];
  if (branch % BLOCK > 0) pool.copy([[first[full], own[0], branch % BLOCK]]);
  const parts: Tensor[] = [];
  if (from > branch) parts.push(feed(branch, from, table));
  for (let p = from; p < tokens.length - 1; p++) parts.push(feed(p, p + 1, table));
  const rows = await Promise.all(parts.map((part) => part.read()));
  for (const part of parts) part.dispose();
  pool.dispose();
  const all = rows.flatMap((part) => Array.from(part));
  return Float32Array.from(all.slice(-(tokens.length - from) * config.hiddenSize));
}
