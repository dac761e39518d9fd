import { createInterface, type Interface, type Key } from 'node:readline';
import { TurnLines } from './turnLines.js';

const PASTE = { on: '\x1b[?2004h', off: '\x1b[?2004l' };

export interface LineEditorOptions {
  input: NodeJS.ReadableStream & { setRawMode(raw: boolean): unknown };
  output: NodeJS.WritableStream;
  /** What stands before the first line of a turn, and before the others. */
  prompt: string;
  continued: string;
  completions: readonly string[];
}

/**
 * Turns typed at a terminal, with the lines before as history. Between turns the terminal is as others have it: what is
 * typed then is there for the next one, and Ctrl-C is a signal. What is pasted is one turn, however many lines it has.
 */
export class LineEditor {
  readonly #options: LineEditorOptions;
  readonly #editor: Interface;
  readonly #lines = new TurnLines();
  /** Turns that came at once with one before. */
  readonly #ready: string[] = [];
  #take: ((turn: string | undefined) => void) | undefined;
  #pasting = false;
  #over = false;

  constructor(options: LineEditorOptions) {
    const { input, output, prompt, completions } = options;
    this.#options = options;
    this.#editor = createInterface({
      input,
      output,
      prompt,
      terminal: true,
      removeHistoryDuplicates: true,
      completer: (line: string) => [completions.filter((word) => word.startsWith(line)), line],
    });
    input.on('keypress', (_: string | undefined, key: Key | undefined) => {
      if (key?.name === 'paste-start') this.#pasting = true;
      if (key?.name === 'paste-end') this.#pasting = false;
    });
    this.#editor.on('line', (line) => this.#onLine(line));
    this.#editor.on('SIGINT', () => this.#onInterrupt());
    this.#editor.on('close', () => {
      this.#over = true;
      this.#end(undefined);
    });
    this.#editor.pause();
    input.setRawMode(false);
  }

  /** @returns the next turn; undefined at Ctrl-D, and at Ctrl-C where nothing is typed */
  read(): Promise<string | undefined> {
    const ready = this.#ready.shift();
    if (ready !== undefined || this.#over) return Promise.resolve(ready);
    return new Promise((resolve) => {
      this.#take = resolve;
      this.#options.input.setRawMode(true);
      this.#options.output.write(PASTE.on);
      this.#prompt();
    });
  }

  close(): void {
    this.#editor.close();
  }

  #onLine(line: string): void {
    const turn = this.#lines.add(line, this.#pasting);
    if (turn === undefined) this.#prompt();
    else if (this.#take === undefined) this.#ready.push(turn);
    else this.#end(turn);
  }

  #onInterrupt(): void {
    this.#options.output.write('\n');
    if (this.#editor.line === '' && !this.#lines.open) return this.#end(undefined);
    this.#lines.drop();
    this.#editor.write(null, { ctrl: true, name: 'e' });
    this.#editor.write(null, { ctrl: true, name: 'u' });
    this.#prompt();
  }

  #prompt(): void {
    const { prompt, continued } = this.#options;
    this.#editor.setPrompt(this.#lines.open ? continued : prompt);
    this.#editor.prompt();
  }

  #end(turn: string | undefined): void {
    const { input, output } = this.#options;
    const take = this.#take;
    if (take === undefined) return;
    this.#take = undefined;
    if (!this.#over) this.#editor.pause();
    input.setRawMode(false);
    output.write(PASTE.off);
    take(turn);
  }
}
