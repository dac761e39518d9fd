import type { Answer } from '../../inference/generate.js';
import { counted, grouped, harmless, painter, widthOf, type Paint, type Screen } from '../terminal.js';
import { bracket } from './bracket.js';
import { FlowingText } from './flowingText.js';

/** What is worth knowing of an answer, beside its text. */
export interface AnswerFacts {
  tokens: number;
  seconds: number;
  /** Tokens of the conversation with the answer, and what the model takes. */
  context: number;
  limit: number;
  maxNewTokens: number;
}

/** Where a conversation is shown. */
export interface ChatScreen {
  /** A piece of the answer's text. */
  text(piece: string): void;
  /** Where the work is that shows no text yet; taken away by what is shown next. */
  progress(line: string): void;
  /** The answer is whole. One of several is shown with the tournament that it won. */
  answered(answer: Answer, facts: AnswerFacts): void;
  /** The answer was stopped. */
  stopped(message: string): void;
  note(message: string): void;
  fail(message: string): void;
}

const CLEAR = '\r\x1b[2K';

/** On a terminal: text flows word by word, what is no text is dim. */
export class TerminalScreen implements ChatScreen {
  readonly paint: Paint;
  readonly #screen: Screen;
  #flow: FlowingText | undefined;
  #progress = false;

  constructor(screen: Screen) {
    this.#screen = screen;
    this.paint = painter(screen);
  }

  text(piece: string): void {
    this.#clear();
    this.#flow ??= new FlowingText(this.#screen, widthOf(this.#screen));
    this.#flow.write(harmless(piece));
  }

  progress(line: string): void {
    this.#screen.write(`${CLEAR}${this.paint(line.slice(0, widthOf(this.#screen) - 1), 'dim')}`);
    this.#progress = true;
  }

  answered(answer: Answer, facts: AnswerFacts): void {
    this.#clear();
    if (answer.tournament !== undefined && answer.candidates !== undefined) {
      const options = { paint: this.paint, width: widthOf(this.#screen, { most: 120 }) };
      this.#line(`${bracket(answer.candidates, answer.tournament, options)}\n`);
      this.text(answer.text);
    }
    this.#endText();
    if (answer.text === '') this.#line(this.paint('(an empty answer)', 'dim'));
    const { tokens, seconds, context, limit, maxNewTokens } = facts;
    const rate = tokens / Math.max(seconds, 1e-3);
    const speed = `${counted(tokens, 'token')}, ${rate < 10 ? rate.toFixed(1) : grouped(Math.round(rate))}/s`;
    const room = `context ${grouped(context)} of ${grouped(limit)}`;
    this.#line(this.paint(`${speed} · ${room}`, 'dim'));
    if (answer.finish === 'length')
      this.#line(this.paint(`cut at --max_new_tokens ${grouped(maxNewTokens)}`, 'yellow'));
    if (answer.error !== undefined) this.note(`error: ${answer.error}`);
    this.#line('');
  }

  stopped(message: string): void {
    // The terminal shows the key that stopped it, as ^C.
    if (this.#flow !== undefined) this.#screen.write('\b\b  \b\b');
    this.#clear();
    this.#endText();
    this.note(message);
  }

  note(message: string): void {
    this.#clear();
    this.#line(`${this.paint(message, 'dim')}\n`);
  }

  fail(message: string): void {
    this.#clear();
    this.#endText();
    this.#line(`${this.paint('error:', 'red', 'bold')} ${harmless(message)}\n`);
  }

  #endText(): void {
    this.#flow?.end();
    this.#flow = undefined;
  }

  #clear(): void {
    if (this.#progress) this.#screen.write(CLEAR);
    this.#progress = false;
  }

  #line(text: string): void {
    this.#screen.write(`${text}\n`);
  }
}

/** Not on a terminal: answers alone on stdout, an empty line between two; everything else on stderr. */
export class PlainScreen implements ChatScreen {
  readonly #out: Screen;
  readonly #notes: Screen;
  #answers = 0;
  #begun = false;

  constructor(out: Screen, notes: Screen) {
    this.#out = out;
    this.#notes = notes;
  }

  text(piece: string): void {
    if (!this.#begun && this.#answers > 0) this.#out.write('\n');
    this.#begun = true;
    this.#out.write(piece);
  }

  progress(): void {}

  answered(answer: Answer, { maxNewTokens }: AnswerFacts): void {
    if (answer.tournament !== undefined && answer.candidates !== undefined) {
      const options = { paint: (text: string) => text, width: 100 };
      this.#notes.write(`${bracket(answer.candidates, answer.tournament, options)}\n`);
      this.text(answer.text);
    } else if (!this.#begun) this.text('');
    this.#end();
    if (answer.finish === 'length') this.note(`warning: cut at --max_new_tokens ${maxNewTokens}`);
    if (answer.error !== undefined) this.note(`error: ${answer.error}`);
  }

  stopped(message: string): void {
    if (this.#begun) this.#end();
    this.note(message);
  }

  note(message: string): void {
    this.#notes.write(`${message}\n`);
  }

  fail(message: string): void {
    if (this.#begun) this.#end();
    this.#notes.write(`error: ${message}\n`);
  }

  #end(): void {
    this.#out.write('\n');
    this.#answers++;
    this.#begun = false;
  }
}
