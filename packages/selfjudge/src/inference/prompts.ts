import { ArgumentError } from '@selfjudge/base';
import type { PromptRow } from '@selfjudge/data';
import { promptIds, refusable } from '@selfjudge/data/internal';
import type { OpenModel } from '../models/model.js';
import type { InputRow } from '../rows/rows.js';

/**
 * The rows with those turned into problems whose prompt the chat template refuses, or leaves the model no room for an
 * answer.
 * @throws ArgumentError when the answers alone fill the model's context
 */
export function fittingPrompts(
  { tokenizer, model }: OpenModel,
  rows: readonly InputRow<PromptRow>[],
  maxNewTokens: number,
): InputRow<PromptRow>[] {
  const context = model.config.maxPositions;
  const room = context - maxNewTokens;
  if (room < 1)
    throw new ArgumentError('max_new_tokens', {
      where: 'generate',
      expected: `less than the model's context of ${context} tokens`,
      received: maxNewTokens,
    });
  return rows.map((row) => {
    const { line, value } = row;
    if (value === undefined) return row;
    const ids = refusable(() => promptIds(tokenizer, value.prompt));
    if (ids.problem !== undefined) return { line, problem: ids.problem };
    const tokens = ids.value.length;
    if (tokens <= room) return row;
    const reason = `the prompt has ${tokens} tokens; ${context} of the model less ${maxNewTokens} for the answer leave ${room}`;
    return { line, problem: { code: 'prompt-too-long', reason } };
  });
}
