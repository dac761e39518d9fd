import { dirname } from 'node:path';
import { readConfig } from '@selfjudge/training/runs/internal';

/**
 * The run whose final/ or checkpoint a folder is, with its configuration; undefined where no run made it.
 * @throws FileFormatError when its config.yaml is damaged
 */
export function runOf(path: string): { folder: string; config: Record<string, unknown> } | undefined {
  for (const folder of [dirname(path), dirname(dirname(path))]) {
    const config = readConfig(folder);
    if (config?.verb !== undefined) return { folder, config };
  }
  return undefined;
}
