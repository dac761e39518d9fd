import { isMessage } from '@selfjudge/text';
import type { Message } from '@selfjudge/text';
import { check } from '@selfjudge/base/checks';
import { prompt as isPrompt } from '@selfjudge/text/checks';

/** A prompt: a string (one user turn), or a conversation whose last turn is the user's. */
export type Text = string | Message[];

/** The prompt as a conversation. */
export function messagesOf(prompt: Text): Message[] {
  check('messagesOf', { prompt }, { prompt: isPrompt });
  return typeof prompt === 'string' ? [{ role: 'user', content: prompt }] : prompt;
}

export function sameMessages(a: readonly Message[], b: readonly Message[]): boolean {
  return (
    a.length === b.length && a.every(({ role, content }, i) => role === b[i].role && content === b[i].content)
  );
}

/** `value` as messages without further properties; undefined when it is no list of messages. */
export function parseMessages(value: unknown): Message[] | undefined {
  if (!Array.isArray(value) || value.length === 0 || !value.every(isMessage)) return undefined;
  return value.map(({ role, content }) => ({ role, content }));
}
