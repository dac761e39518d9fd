import { readFileSync, statSync } from 'node:fs';

import { ArgumentError } from '@selfjudge/base';
import { CHATML } from './byteTokenizer.js';
import { GEMMA } from './gemmaTemplate.js';
import { Tokenizer } from './tokenizer.js';

/** Templates that need no file. */
const SHIPPED: Readonly<Record<string, string>> = { chatml: CHATML, gemma: GEMMA };

/**
 * A tokenizer with another chat template: one of those that its folder names, 'chatml', 'gemma', or a file of Jinja.
 * @throws ArgumentError when `choice` is none of these, listing the names
 */
export function withChatTemplate(tokenizer: Tokenizer, choice: string): Tokenizer {
  const { files } = tokenizer;
  const named: Readonly<Record<string, string>> = { ...SHIPPED, ...files.chatTemplates };
  const chosen = Object.hasOwn(named, choice) ? named[choice] : fileOf(choice);
  if (chosen === undefined) {
    throw new ArgumentError('chat_template', {
      where: 'withChatTemplate',
      expected: `${Object.keys(named).join(', ')} or a file with a Jinja template`,
      received: choice,
    });
  }
  return new Tokenizer({ ...files, chatTemplate: chosen });
}

function fileOf(path: string): string | undefined {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === false
    ? readFileSync(path, 'utf8')
    : undefined;
}
