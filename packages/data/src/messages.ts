import { show } from '@selfjudge/base';
import type { Message } from '@selfjudge/text';
import { messageFault } from '@selfjudge/text/internal';

import type { Outcome } from './problem.js';
import { problem } from './problem.js';

/** A column as messages, with all their fields: a chat template may show any; why not, where it is none. @param name of the column */
export function readMessages(value: unknown, name: string): Outcome<Message[]> {
  if (!Array.isArray(value) || value.length === 0) {
    return problem(
      'unknown-shape',
      `expected a text or a list of messages in ${name}, received ${show(value)}`,
    );
  }
  for (const [i, message] of value.entries()) {
    const fault = messageFault(message);
    if (fault !== undefined) return problem('unknown-shape', `${name}[${i}]: ${fault}`);
  }
  return { value: value as Message[] };
}
