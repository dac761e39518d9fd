import type { PromptFormat, Text } from '@selfjudge/data';
import { columnOf, isStandard } from '@selfjudge/data/internal';
import type { Tokenizer } from '@selfjudge/text';

/**
 * What is worth knowing of how string prompts are read: each of both ways is wrong for rows that are meant the other way,
 * and neither fails.
 * @param format what a string prompt is
 */
export function promptNotes(prompts: readonly Text[], tokenizer: Tokenizer, format: PromptFormat): string[] {
  const texts = prompts.filter((prompt) => typeof prompt === 'string' || isStandard(prompt));
  const marked = texts.flatMap((prompt) => {
    const found = tokenizer.controlStrings(String(columnOf(prompt)));
    return found.length > 0 ? [found] : [];
  });
  const markers = [...new Set(marked.flat())].slice(0, 4).join(', ');
  const share = (count: number) => `${count} of ${prompts.length} prompts`;
  const notes: string[] = [];
  if (format === 'chat') {
    if (marked.length > 0)
      notes.push(
        `${share(marked.length)} hold the control tokens ${markers} and are wrapped as user turns, where these are plain ` +
          'text: if the chat template is applied already, --prompt_format standard takes them as they stand',
      );
    return notes;
  }
  if (marked.length > 0)
    notes.push(`${share(marked.length)} hold the control tokens ${markers}, which are read as such`);
  const plain = texts.length - marked.length;
  if (plain > 0 && tokenizer.chatTemplate !== undefined)
    notes.push(
      `${share(plain)} are strings, taken as they stand (TRL's standard format), without the model's chat template: ` +
        '--prompt_format chat makes each of them a user turn',
    );
  return notes;
}
