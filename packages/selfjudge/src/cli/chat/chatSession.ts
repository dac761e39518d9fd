import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { ArgumentError, isError } from '@selfjudge/base';
import type { Asked, AskHooks, Conversation } from '../../inference/conversation.js';
import { report } from '../exit.js';
import { filePath, withOutput } from '../output.js';
import { counted } from '../terminal.js';
import type { ChatScreen } from './chatScreen.js';
import { commandOf, helpText, type CommandName } from './commands.js';

export interface SessionFacts {
  /** Tokens that the model takes, and of an answer at most. */
  limit: number;
  maxNewTokens: number;
}

/** Turns of a person: questions to the model, and commands. */
export class ChatSession {
  /** Turns that failed. */
  failures = 0;
  readonly #conversation: Conversation;
  readonly #screen: ChatScreen;
  readonly #facts: SessionFacts;
  /** Files that this session wrote, and may write again. */
  readonly #written = new Set<string>();
  #stop: AbortController | undefined;

  constructor(conversation: Conversation, screen: ChatScreen, facts: SessionFacts) {
    this.#conversation = conversation;
    this.#screen = screen;
    this.#facts = facts;
  }

  /** Stops the answer under way. @returns false where there is none, or it has been stopped already */
  interrupt(): boolean {
    if (this.#stop === undefined || this.#stop.signal.aborted) return false;
    this.#stop.abort();
    return true;
  }

  /** Takes a turn. What is wrong with it is shown and changes nothing. @returns whether the session goes on */
  async take(turn: string): Promise<boolean> {
    if (turn.trim() === '') return true;
    try {
      const command = commandOf(turn);
      if (command === undefined) await this.#answer((hooks) => this.#conversation.ask(turn, hooks));
      else if (command.name === undefined)
        throw new ArgumentError('command', {
          where: 'chat',
          expected: 'a command that /help lists (a space before the slash makes it a question)',
          received: command.word,
        });
      else return await this.#obey(command.name, command.rest);
    } catch (error) {
      this.#fail(error);
    }
    return true;
  }

  async #answer(ask: (hooks: AskHooks) => Promise<Asked>): Promise<void> {
    const screen = this.#screen;
    this.#stop = new AbortController();
    const start = performance.now();
    let sampled = 0;
    try {
      const { answer, promptTokens, kept } = await ask({
        signal: this.#stop.signal,
        onText: (piece) => screen.text(piece),
        onProgress: ({ done, total, tokens }) => {
          sampled = tokens;
          const what = done < total ? `${done} of ${total} answers` : `${total} answers, now judged`;
          screen.progress(`${what}, ${counted(tokens, 'token')}`);
        },
      });
      if (answer === undefined)
        return screen.stopped(
          kept ? 'stopped; what has come is kept, /undo takes it back' : 'stopped; nothing of it is kept',
        );
      screen.answered(answer, {
        ...this.#facts,
        tokens: Math.max(sampled, answer.tokens.length),
        seconds: (performance.now() - start) / 1000,
        context: promptTokens + answer.tokens.length,
      });
    } finally {
      this.#stop = undefined;
    }
  }

  async #obey(name: CommandName, rest: string): Promise<boolean> {
    const conversation = this.#conversation;
    const { note } = this.#screen;
    const say = note.bind(this.#screen);
    switch (name) {
      case 'help':
        say(helpText());
        break;
      case 'reset':
        conversation.reset();
        say('a new conversation');
        break;
      case 'system':
        conversation.setSystem(rest === '' ? undefined : rest);
        say(rest === '' ? 'no system prompt' : 'this is told first from now on, to the turns there are too');
        break;
      case 'undo':
        say(conversation.undo() === undefined ? 'there is nothing to take back' : this.#length());
        break;
      case 'retry':
        if (conversation.turns === 0) say('there is no question yet');
        else await this.#answer(async (hooks) => (await conversation.retry(hooks))!);
        break;
      case 'save':
        await this.#save(rest);
        break;
      case 'exit':
        return false;
    }
    return true;
  }

  #length(): string {
    const { turns } = this.#conversation;
    return turns === 0 ? 'the conversation is empty' : `back to ${counted(turns, 'turn')}`;
  }

  async #save(given: string): Promise<void> {
    const { messages, turns } = this.#conversation;
    const refuse = (expected: string, received: string) => {
      throw new ArgumentError('/save', { where: 'chat', expected, received });
    };
    if (given === '') refuse('a file to write to', 'none');
    const file = filePath('/save', given);
    if (turns === 0) refuse('a conversation with an answer', 'an empty one');
    if (existsSync(file) && !this.#written.has(resolve(file)))
      refuse('a file that is not there yet, or that this conversation was saved to', file);
    await withOutput(
      file,
      () => {},
      async (write) => write(`${JSON.stringify({ messages })}\n`),
    );
    this.#written.add(resolve(file));
    this.#screen.note(`${counted(turns, 'turn')} saved to ${file}`);
  }

  #fail(error: unknown): void {
    this.failures++;
    // Errors of the program are shown with their stack, by the one place that knows which those are.
    let text = '';
    report(error, { write: (part: string) => (text += part) });
    this.#screen.fail(isError(error) ? error.message : text.replace(/^error: /, '').trimEnd());
  }
}
