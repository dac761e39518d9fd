// A thread that makes examples of rows, beside the one that trains. What a row becomes is decided by the method's own maker.
import { parentPort, workerData } from 'node:worker_threads';
import { Tokenizer, type TemplateSettings, type TokenizerFiles } from '@selfjudge/text';
import { exactJson } from '@selfjudge/text/internal';
import { METHODS, type MethodName } from './index.js';
import type { ExampleMaker } from './maker.js';

/** What the thread is started with. */
export interface ExampleWork {
  method: MethodName;
  options: Record<string, unknown>;
  files: TokenizerFiles;
  settings: TemplateSettings;
}

/** Columns whose numbers and order of keys a chat template may show. */
const SHOWN = /"(?:templateArguments|tool_calls)"/;

/** A row as it was: JSON has no other form of what a template shows. */
function rowOf(text: string): unknown {
  const row = JSON.parse(text) as object;
  if (!SHOWN.test(text)) return row;
  return { ...(exactJson(text) as object), ...('margin' in row && { margin: row.margin }) };
}

const { method, options, files, settings } = workerData as ExampleWork;
const { made } = METHODS[method] as { made?: ExampleMaker<object, unknown, unknown> };
const context = { tokenizer: new Tokenizer(files, settings), options };

/** Of each row asked for, what it becomes; nothing for one that fails, which fails again where somebody waits for it. */
parentPort!.on('message', (text: string) => {
  try {
    parentPort!.postMessage(made!.prepare([rowOf(text)], context), []);
  } catch {
    parentPort!.postMessage(undefined, []);
  }
});
