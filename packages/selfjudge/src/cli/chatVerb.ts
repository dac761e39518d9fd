import { createInterface } from 'node:readline';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { located } from '../hub/located.js';
import { Conversation, type ChatOptions } from '../inference/conversation.js';
import { assertTemplate } from '../models/judgeTemplate.js';
import { openModel, type OpenModel } from '../models/model.js';
import { judgePathOf, withBestOfJudge } from '../inference/bestOfJudge.js';
import { findJudge } from '../models/openJudge.js';
import { PlainScreen, TerminalScreen } from './chat/chatScreen.js';
import { ChatSession } from './chat/chatSession.js';
import { COMPLETIONS } from './chat/commands.js';
import { LineEditor } from './chat/lineEditor.js';
import { TurnLines } from './chat/turnLines.js';
import { MODEL_VERBS, type VerbOptions } from '../config/index.js';
import { withDownloads } from './downloads.js';
import { EXIT, interruptible } from './exit.js';
import { addModelFlags, optionsOf } from './modelFlags.js';
import { grouped, type Paint } from './terminal.js';

type ChatVerbOptions = VerbOptions<'chat'>;

/** @param done takes the exit code */
export function addChatVerb(program: Command, done: (code: number) => void): void {
  const command = program
    .command('chat')
    .summary('a conversation in the terminal; with --best_of the bracket of every answer')
    .description(
      'A conversation in the terminal. /help lists its commands; Ctrl-C stops an answer, Ctrl-D leaves.\n\n' +
        'With --best_of the model answers n times and compares its answers in a tournament, whose bracket is shown. ' +
        'From a pipe each line is a turn, and answers alone go to stdout.',
    );
  addModelFlags(command, 'chat').action(async () => {
    const options = optionsOf(MODEL_VERBS.chat, command);
    if (options.bestOf > 1) assertTemplate(options.judgeTemplate);
    done(await chat(options));
  });
}

async function chat(given: ChatVerbOptions): Promise<number> {
  const { options } = await interruptible((signal) =>
    withDownloads(signal, (hooks) => located(given, hooks)),
  );
  const { stdin, stdout, stderr } = process;
  const terminal = stdin.isTTY && stdout.isTTY ? new TerminalScreen(stdout) : undefined;
  const found = await findJudge(judgePathOf(options), { ...options, promptFormat: 'chat' });
  terminal?.progress(`opening ${given.modelNameOrPath} ...`);
  const opened = await openModel(options.modelNameOrPath, options);
  try {
    const { maxNewTokens, system } = options;
    return await withBestOfJudge(opened, options, found, async (judged, warnings) => {
      const conversation = new Conversation(opened, { ...drawn(options), ...judged }, system);
      const facts = { limit: opened.model.config.maxPositions, maxNewTokens };
      const session = new ChatSession(conversation, terminal ?? new PlainScreen(stdout, stderr), facts);
      if (terminal === undefined) return fromPipe(session);
      terminal.note(greeting(opened, given));
      warnings.forEach((line) => terminal.note(`warning: ${line}`));
      return fromTerminal(session, terminal.paint);
    });
  } finally {
    opened.dispose();
  }
}

/** How answers are drawn, of all that the verb takes. */
const drawn = ({
  bestOf,
  judgeTemplate,
  maxNewTokens,
  temperature,
  topP,
  topK,
  seed,
}: ChatVerbOptions): ChatOptions => ({
  bestOf,
  judgeTemplate,
  maxNewTokens,
  temperature,
  topP,
  topK,
  seed,
});

function greeting({ model, path }: OpenModel, { modelNameOrPath, bestOf, system }: ChatVerbOptions): string {
  const parameters = [...model.parameters()].reduce(
    (sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1),
    0,
  );
  const facts = [
    path === modelNameOrPath ? basename(path) : modelNameOrPath,
    `${grouped(Math.round(parameters / 1e6))}M parameters`,
    `${model.dtype} on ${model.device.name}`,
    `context ${grouped(model.config.maxPositions)}`,
    ...(bestOf > 1 ? [`best of ${bestOf}`] : []),
    ...(system === undefined ? [] : ['with a system prompt']),
  ];
  return `${facts.join(' · ')}\n/help lists the commands, Ctrl-C stops an answer, Ctrl-D leaves`;
}

/** A person at a terminal: Ctrl-C stops the answer, or leaves where there is none. */
async function fromTerminal(session: ChatSession, paint: Paint): Promise<number> {
  const editor = new LineEditor({
    input: process.stdin,
    output: process.stdout,
    prompt: paint('>>> ', 'cyan', 'bold'),
    continued: paint('... ', 'cyan'),
    completions: COMPLETIONS,
  });
  const onSignal = () => {
    if (!session.interrupt()) process.exit(EXIT.interrupted);
  };
  process.on('SIGINT', onSignal);
  try {
    for (;;) {
      const turn = await editor.read();
      if (turn === undefined || !(await session.take(turn))) return EXIT.done;
    }
  } finally {
    process.off('SIGINT', onSignal);
    editor.close();
  }
}

/** Lines of a pipe or file, a turn each. What failed makes the whole fail, at its end. */
async function fromPipe(session: ChatSession): Promise<number> {
  let interrupted = false;
  const onSignal = () => {
    interrupted = true;
    if (!session.interrupt()) process.exit(EXIT.interrupted);
  };
  process.on('SIGINT', onSignal);
  try {
    const lines = new TurnLines();
    for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
      const turn = lines.add(line);
      if (turn !== undefined && !(await session.take(turn))) break;
      if (interrupted) return EXIT.interrupted;
    }
    const rest = lines.end();
    if (rest !== undefined) await session.take(rest);
    return session.failures > 0 ? EXIT.failed : EXIT.done;
  } finally {
    process.off('SIGINT', onSignal);
    process.stdin.destroy();
  }
}
