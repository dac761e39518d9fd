import type { PlaceHooks } from '../hub/places.js';
import { BYTES, Progress } from './progress.js';

/** Runs work that may download, or uploads, and says on stderr how far that is. */
export async function withDownloads<T>(
  signal: AbortSignal | undefined,
  work: (hooks: PlaceHooks) => Promise<T>,
  title = 'download',
): Promise<T> {
  const progress = new Progress(title, BYTES);
  let total = 0;
  try {
    return await work({
      ...(signal !== undefined && { signal }),
      onNote: (line) => progress.say(`note: ${line}`),
      onProgress: (done, all) => {
        if (all !== total) progress.begin(done);
        total = all;
        if (all > 0) progress.update(done, all);
        if (done === all) progress.finish();
      },
    });
  } finally {
    progress.finish();
  }
}
