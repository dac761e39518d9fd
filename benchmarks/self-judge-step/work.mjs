// The work of the step bench, as token ids, so that both sides do the same: 8 prompts, two answers of exactly
// `new_tokens` each, one judge prompt an order built around them.
import { readFileSync } from 'node:fs';
import { Tokenizer } from '../../packages/text/dist/index.js';

export async function stepWork(tokenizer, { prompts, newTokens = 128, dtype = 'bf16' } = {}) {
  const texts = prompts
    ? readFileSync(prompts, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line).prompt)
    : JSON.parse(readFileSync(new URL('prompts.json', import.meta.url), 'utf8'));
  const ids = (text) => tokenizer.encode(text);
  const chat = (content) =>
    tokenizer.encodeRendered(
      tokenizer.renderChat([{ role: 'user', content }], { addGenerationPrompt: true }),
    );
  const whole = chat('MARK');
  const mark = ids('MARK');
  const at = whole.findIndex((_, i) => mark.every((id, j) => whole[i + j] === id));
  return {
    prompts: texts.slice(0, 8).map(chat),
    judge: {
      head: whole.slice(0, at).concat(ids('Which response serves the user better?\nConversation:\n')),
      a: ids('\nResponse A:\n'),
      b: ids('\nResponse B:\n'),
      tail: whole.slice(at + mark.length).concat(ids('The better response is Response')),
      verdicts: [ids(' A')[0], ids(' B')[0]],
    },
    new_tokens: newTokens,
    dtype,
  };
}

export { Tokenizer };
