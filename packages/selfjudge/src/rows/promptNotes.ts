import type { PromptFormat, Text } from '@selfjudge/data';
import { columnOf, isStandard, templateColumnsOf } from '@selfjudge/data/internal';
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
  const share = shareOf(prompts);
  const notes = unreadNotes(texts, share, 'text as it stands goes through no chat template');
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

/** What is worth knowing of prompts that a judge alone reads: its question holds their turns and nothing beside them. */
export const judgedNotes = (prompts: readonly Text[]): string[] =>
  unreadNotes(prompts, shareOf(prompts), 'the question to the judge shows the turns of a prompt alone');

const shareOf =
  (prompts: readonly Text[]) =>
  (count: number): string =>
    `${count} of ${prompts.length} prompts`;

/** Columns that were written to be read, and are not. @param why one clause */
function unreadNotes(prompts: readonly Text[], share: (count: number) => string, why: string): string[] {
  const unread = prompts.map(templateColumnsOf).filter((names) => names.length > 0);
  if (unread.length === 0) return [];
  const names = [...new Set(unread.flat())].sort().join(', ');
  return [`${share(unread.length)} have columns without effect (${names}): ${why}`];
}
