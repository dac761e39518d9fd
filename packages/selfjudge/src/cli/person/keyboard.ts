import { ConfigError } from '@selfjudge/base';
import type { Screen } from '../terminal.js';
import type { Keys } from './personJudge.js';

/**
 * The terminal of this process, for a person who judges.
 * @throws ConfigError where there is none
 */
export function terminalOfPerson(): { screen: Screen; keys: Keys } {
  const { stdin, stdout } = process;
  if (stdin.isTTY && stdout.isTTY) return { screen: stdout, keys: new Keyboard(stdin) };
  throw new ConfigError({
    key: 'judge',
    expected: 'a terminal to show answers on and to read keys from (or another judge)',
    received: stdin.isTTY ? 'an output that is none' : 'an input that is none',
  });
}

/** What keys are read from, as they are pressed. */
export type TerminalInput = Pick<NodeJS.ReadStream, 'setRawMode' | 'setEncoding' | 'on' | 'off' | 'pause'>;

/** Keys of a terminal, one by one. What was pressed before a pair was shown, or is no single key, is not taken for an answer. */
export class Keyboard implements Keys {
  readonly #input: TerminalInput;
  #waiting: ((key: string | undefined) => void) | undefined;
  #ended = false;

  constructor(input: TerminalInput) {
    this.#input = input;
    input.setRawMode(true);
    input.setEncoding('utf8');
    input.on('data', this.#onData).on('end', this.#onEnd);
  }

  next(signal?: AbortSignal): Promise<string | undefined> {
    if (this.#ended || signal?.aborted) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const onAbort = () => this.#tell(undefined);
      this.#waiting = (key) => {
        signal?.removeEventListener('abort', onAbort);
        resolve(key);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  close(): void {
    this.#input.off('data', this.#onData).off('end', this.#onEnd);
    this.#input.setRawMode(false);
    this.#input.pause();
  }

  readonly #onData = (data: string | Buffer): void => {
    const [key, ...more] = String(data);
    if (more.length === 0) this.#tell(key);
  };

  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#tell(undefined);
  };

  #tell(key: string | undefined): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(key);
  }
}
