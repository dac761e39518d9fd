import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { FileFormatError, readJsonObject } from '@selfjudge/base';
import { hashOfFile, isStandardInput } from '@selfjudge/base/internal';
import { z } from 'zod';

export const LINEAGE = 'lineage.json';
const MADE_BY = 'selfjudge data';

/** A file of rows as it was when it was read. */
export interface LineageInput {
  /** As it was named. */
  path: string;
  /** What a name on the hub meant, with its commit. */
  name?: string;
  bytes: number;
  /** As hex. */
  sha256: string;
  /** Of a file that was prepared itself: how. */
  lineage?: Lineage;
  /** Whether it is another file now than the one that its lineage speaks of. */
  changed?: boolean;
}

/** How the files of a folder were made: lineage.json beside them. */
export interface Lineage {
  made_by: typeof MADE_BY;
  format: 1;
  version: string;
  options: Record<string, unknown>;
  inputs: LineageInput[];
  /** Sets that rows were decontaminated against. */
  against: LineageInput[];
  read: number;
  kept: number;
  left_out: Record<string, number>;
  kinds: Record<string, number>;
  files: Record<string, { rows: number; bytes: number; sha256: string }>;
}

const count = z.number().int().min(0);
const hex = z.string().regex(/^[0-9a-f]{64}$/);
const inputs = z.array(
  z.object({
    path: z.string(),
    name: z.string().optional(),
    bytes: count,
    sha256: hex,
    get lineage() {
      return schema.optional();
    },
    changed: z.boolean().optional(),
  }),
);
const schema: z.ZodType<Lineage> = z.object({
  made_by: z.literal(MADE_BY),
  format: z.literal(1),
  version: z.string(),
  options: z.record(z.string(), z.unknown()),
  inputs,
  against: inputs,
  read: count,
  kept: count,
  left_out: z.record(z.string(), count),
  kinds: z.record(z.string(), count),
  files: z.record(z.string(), z.object({ rows: count, bytes: count, sha256: hex })),
});

export const lineageOf = (facts: Omit<Lineage, 'made_by' | 'format'>): Lineage => ({
  made_by: MADE_BY,
  format: 1,
  ...facts,
});

/**
 * The lineage in a folder; undefined where there is none, or a file of another tool with its name.
 * @throws FileFormatError when it is damaged
 */
export function readLineage(folder: string): Lineage | undefined {
  const path = join(folder, LINEAGE);
  if (!existsSync(path)) return undefined;
  const advice = 'it is damaged; without it the rows can be used, and where they come from is not known';
  const content = readJsonObject(path, advice);
  if (content.made_by !== MADE_BY) return undefined;
  const read = schema.safeParse(content);
  if (read.success) return read.data;
  const [{ path: at, message }] = read.error.issues;
  throw new FileFormatError({
    path,
    expected: `what ${MADE_BY} writes`,
    received: `${at.join('.')}: ${message}`,
    advice,
  });
}

/** A file of rows with its digest, and with the lineage that lies beside it. @throws FileFormatError, FileSystemError */
export function inputOf(path: string, name?: string): LineageInput {
  const sha256 = hashOfFile(path);
  const { size: bytes } = statSync(path);
  const lineage = readLineage(dirname(path));
  const known = lineage?.files[basename(path)];
  return {
    path,
    ...(name !== undefined && { name }),
    bytes,
    sha256,
    ...(known !== undefined && { lineage, changed: known.sha256 !== sha256 }),
  };
}

/** Of files, those that were prepared. @throws FileFormatError for a lineage that is damaged */
export const preparedAmong = (paths: readonly string[]): LineageInput[] =>
  paths
    .filter(
      (path) => !isStandardInput(path) && readLineage(dirname(path))?.files[basename(path)] !== undefined,
    )
    .map((path) => inputOf(path));

/** What to say of a file that is not what its lineage speaks of. */
export const changedNote = ({ path }: LineageInput): string =>
  `${path} is not the file that ${join(dirname(path), LINEAGE)} speaks of: it was changed after it was prepared`;
