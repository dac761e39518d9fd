// A thread that makes examples of rows, beside the one that trains. What a row becomes is decided by the method's own maker.
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { Tokenizer, type TemplateSettings, type TokenizerFiles } from '@selfjudge/text';
import { exactJson } from '@selfjudge/text/internal';
import type { Prepared } from '../loop/stepExamples.js';
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

/** Answers each row asked for with what it becomes; with nothing where it fails, as it fails again where somebody waits for it. */
export function answerRows(port: MessagePort, { method, options, files, settings }: ExampleWork): void {
  const { made } = METHODS[method] as { made?: ExampleMaker<object, unknown, unknown> };
  const context = { tokenizer: new Tokenizer(files, settings), options };
  port.on('message', (text: string) => {
    let prepared: Prepared<unknown> | undefined;
    try {
      prepared = made!.prepare([rowOf(text)], context);
    } catch {
      prepared = undefined;
    }
    port.postMessage(prepared, []);
  });
}

if (parentPort !== null) answerRows(parentPort, workerData as ExampleWork);
