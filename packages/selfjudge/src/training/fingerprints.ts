import { createHash } from 'node:crypto';
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { formatJudgeTemplate } from '@selfjudge/judging/internal';
import type { JudgeTemplate } from '@selfjudge/judging';
import { NUMERIC_VERSION } from '@selfjudge/training';
import type { OpenModel } from '../models/model.js';
import type { DatasetOptions, RowSource, Warn } from '../rows/datasets.js';

/** Of everything that decides the bits of a run beside its configuration: contents, not names. 32 hex digits each. */
export interface Fingerprints {
  /** The rows as they were read, in their order; those of dev prompts too. */
  data: string;
  weights: string;
  /** The adapter that the model brought. */
  adapter?: string;
  tokenizer: string;
  'chat template': string;
  'judge template'?: string;
  'code (its numeric version)': string;
}

/** Of all but the rows. */
export function fingerprintsOf(
  { model, adapter, tokenizer, path }: OpenModel,
  data: string,
  judgeTemplate?: JudgeTemplate,
): Fingerprints {
  const { chat_template: _, ...config } = tokenizer.files.config as Record<string, unknown>;
  return {
    data,
    weights: (model as { fingerprint?: string }).fingerprint ?? fingerprintOfFiles(model.source),
    ...(adapter !== undefined && { adapter: fingerprintOfFiles(path) }),
    tokenizer: fingerprintOf(tokenizer.files.tokenizer, config),
    'chat template': fingerprintOf(tokenizer.chatTemplate ?? null),
    ...(judgeTemplate !== undefined && { 'judge template': fingerprintOf(formatJudgeTemplate(judgeTemplate)) }),
    'code (its numeric version)': String(NUMERIC_VERSION),
  };
}

/** The rows that pass a source, and their fingerprint. Ids are names and say nothing of the contents. */
export class RowRecord {
  readonly #hash = createHash('sha256');

  /** Rows of `source`, noted as they pass. */
  of(source: RowSource): RowSource {
    const noted =
      <T extends { id: string }>(read: (options: DatasetOptions, warn: Warn) => Promise<T[]>) =>
      async (options: DatasetOptions, warn: Warn) => {
        const rows = await read(options, warn);
        for (const row of rows) this.#hash.update(`${contentOf(row)}\n`);
        return rows;
      };
    return {
      preferences: noted(source.preferences),
      prompts: noted(source.prompts),
      sftExamples: noted(source.sftExamples),
    };
  }

  /** Of the rows so far. */
  fingerprint(): string {
    return this.#hash.copy().digest('hex').slice(0, 32);
  }
}

const contentOf = ({ id: _, place: __, ...content }: { id: string; place?: string }): string =>
  JSON.stringify(content);

function fingerprintOf(...values: unknown[]): string {
  return createHash('sha256').update(JSON.stringify(values)).digest('hex').slice(0, 32);
}

const WEIGHTS = /\.(safetensors|gguf)$/i;

/** Of the weight files of a folder, or of a file, whole. */
function fingerprintOfFiles(path: string | undefined): string {
  const hash = createHash('sha256');
  const files =
    path === undefined ? [] : statSync(path).isDirectory() ? weightFiles(path) : [path];
  const chunk = Buffer.allocUnsafe(1 << 20);
  for (const file of files) {
    const fd = openSync(file, 'r');
    try {
      for (let n = readSync(fd, chunk); n > 0; n = readSync(fd, chunk)) hash.update(chunk.subarray(0, n));
    } finally {
      closeSync(fd);
    }
  }
  return hash.digest('hex').slice(0, 32);
}

const weightFiles = (folder: string) =>
  readdirSync(folder)
    .filter((name) => WEIGHTS.test(name))
    .sort()
    .map((name) => join(folder, name));
