import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseYaml } from '@selfjudge/data';

/** Where a run stands. */
export interface RunFacts {
  path: string;
  verb: string;
  status: string;
  /** Steps done. */
  step: number;
  /** Of the last step; what is no number is left out. */
  metrics: Record<string, number | null>;
}

/** Every run under a folder, by path. */
export function findRuns(folder: string): RunFacts[] {
  const own = readRun(folder);
  if (own !== undefined) return [own];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => findRuns(join(folder, entry.name)))
    .sort((a, b) => a.path.localeCompare(b.path));
}

/** What a folder says of its run; undefined for a folder of another program. */
export function readRun(path: string): RunFacts | undefined {
  const config = join(path, 'config.yaml');
  if (!existsSync(config)) return undefined;
  const verb = verbOf(config);
  if (verb === undefined) return undefined;
  const last = lastRow(join(path, 'metrics.jsonl'));
  const { step = 0, epoch: _, ...metrics } = last ?? {};
  const complete = existsSync(join(path, 'summary.json'));
  return { path, verb, status: complete ? 'complete' : 'unfinished', step: step ?? 0, metrics };
}

/** The verb that a config.yaml names; undefined for a file of another program. */
function verbOf(path: string): string | undefined {
  try {
    const content = parseYaml(readFileSync(path, 'utf8')) as { verb?: unknown } | null;
    return typeof content?.verb === 'string' ? content.verb : undefined;
  } catch {
    return undefined;
  }
}

function lastRow(path: string): Record<string, number | null> | undefined {
  if (!existsSync(path)) return undefined;
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  for (const line of lines.reverse()) {
    try {
      const row = Object.entries(JSON.parse(line) as object);
      const isValue = ([, value]: [string, unknown]) => typeof value === 'number' || value === null;
      return Object.fromEntries(row.filter(isValue)) as Record<string, number | null>;
    } catch {
      // A line torn by a crash: the one before it is whole.
    }
  }
  return undefined;
}
