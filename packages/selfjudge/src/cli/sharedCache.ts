import type { Ranks } from '@selfjudge/engine/internal';
import type { VerdictStore } from '@selfjudge/judging/internal';
import { VerdictCache } from './verdictCache.js';

/**
 * The cache of a judge as ranks share it: rank 0 reads and writes it, and what it finds all have.
 * @throws FileSystemError
 */
export function openCache(
  ranks: Ranks,
  ...of: ConstructorParameters<typeof VerdictCache>
): VerdictStore & { readonly hits: number; close(): void } {
  if (ranks.size === 1) return new VerdictCache(...of);
  const own = ranks.rank === 0 ? new VerdictCache(...of) : undefined;
  return {
    get: (key) => ranks.gather(own?.get(key))[0],
    add: (verdicts) => own?.add(verdicts),
    get hits() {
      return own?.hits ?? 0;
    },
    close: () => own?.close(),
  };
}
