import { createHash } from 'node:crypto';
import { formatJudgeTemplate } from '@selfjudge/judging/internal';
import type { JudgeTemplate } from '@selfjudge/judging';
import { NUMERIC_VERSION } from '@selfjudge/training';
import { fingerprintOfFiles } from './fingerprintOfFiles.js';
import type { OpenModel } from './model.js';

/** What of a model has a fingerprint. */
interface Contents extends Pick<OpenModel, 'adapter' | 'head' | 'tokenizer' | 'path'> {
  model: Pick<OpenModel['model'], 'fingerprint' | 'source'>;
}

/**
 * Fingerprints of everything that decides the bits of a run beside its configuration: contents, not names.
 * @param data of the rows as they were read, in their order; those of dev prompts too
 * @param asked.judge fingerprint of a judge that is not the run's own start; of the outside one likewise
 */
export function contentsOf(
  { model, adapter, head, tokenizer, path }: Contents,
  data: string,
  asked: { judgeTemplate?: JudgeTemplate; judge?: string; outsideJudge?: string } = {},
): Record<string, string> {
  const { chat_template: _, ...config } = tokenizer.files.config as Record<string, unknown>;
  return {
    data,
    weights: model.fingerprint ?? fingerprintOfFiles(model.source),
    ...(adapter !== undefined && { adapter: fingerprintOfFiles(path) }),
    ...(head !== undefined && { head: fingerprintOf([...head]) }),
    tokenizer: fingerprintOf(tokenizer.files.tokenizer, config),
    chat_template: fingerprintOf(tokenizer.chatTemplate ?? null),
    ...(asked.judgeTemplate !== undefined && {
      judge_template: fingerprintOf(formatJudgeTemplate(asked.judgeTemplate)),
    }),
    ...(asked.judge !== undefined && { judge: asked.judge }),
    ...(asked.outsideJudge !== undefined && { outside_judge: asked.outsideJudge }),
    numerics: String(NUMERIC_VERSION),
  };
}

function fingerprintOf(...values: unknown[]): string {
  return createHash('sha256').update(JSON.stringify(values)).digest('hex').slice(0, 32);
}
