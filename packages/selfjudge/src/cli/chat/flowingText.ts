import { columnsOf, textWidth, type Screen } from '../terminal.js';

/** Text that comes in pieces, broken between words. A word is shown when it is whole. */
export class FlowingText {
  #column = 0;
  #word = '';
  readonly #screen: Screen;
  readonly #width: number;

  constructor(screen: Screen, width: number) {
    this.#screen = screen;
    this.#width = width;
  }

  write(text: string): void {
    for (const character of text) {
      if (character === '\n') {
        this.#flush();
        this.#put('\n', 0);
        this.#column = 0;
      } else if (character === ' ') {
        this.#flush();
        if (this.#column < this.#width) this.#put(' ', 1);
      } else {
        // Text of wide characters has no spaces: a line may end at any of them.
        if (columnsOf(character) === 2) this.#flush();
        this.#word += character;
        if (columnsOf(character) === 2 || textWidth(this.#word) >= this.#width) this.#flush();
      }
    }
  }

  /** Shows what is left and ends the line. */
  end(): void {
    this.#flush();
    if (this.#column > 0) this.#put('\n', 0);
    this.#column = 0;
  }

  #flush(): void {
    if (this.#word === '') return;
    const columns = textWidth(this.#word);
    if (this.#column > 0 && this.#column + columns > this.#width) {
      this.#put('\n', 0);
      this.#column = 0;
    }
    this.#put(this.#word, columns);
    this.#word = '';
  }

  #put(text: string, columns: number): void {
    this.#screen.write(text);
    this.#column += columns;
  }
}
