const FENCE = '"""';

/** Puts lines together to a turn: a backslash at a line's end goes on in the next, three quotes up to three quotes. */
export class TurnLines {
  #lines: string[] = [];
  #fenced = false;
  #open = false;

  /** Whether a turn has begun and is not whole. */
  get open(): boolean {
    return this.#open;
  }

  /**
   * @param more whether the next line is part of it in any case, as of a text that is pasted
   * @returns the turn, when the line makes it whole
   */
  add(line: string, more = false): string | undefined {
    let text = line;
    if (!this.#open && text.trimStart().startsWith(FENCE)) {
      this.#fenced = true;
      this.#open = true;
      text = text.trimStart().slice(FENCE.length);
      if (text === '') return undefined;
    }
    this.#open = true;
    if (this.#fenced) {
      if (!text.trimEnd().endsWith(FENCE)) return this.#goOn(text);
      return this.#whole(text.trimEnd().slice(0, -FENCE.length));
    }
    if (more) return this.#goOn(text);
    return text.endsWith('\\') ? this.#goOn(text.slice(0, -1)) : this.#whole(text);
  }

  /** What has been added of a turn that nothing will make whole; undefined where none has begun. */
  end(): string | undefined {
    if (!this.#open) return undefined;
    const text = this.#lines.join('\n');
    this.drop();
    return text;
  }

  drop(): void {
    this.#lines = [];
    this.#fenced = false;
    this.#open = false;
  }

  #goOn(text: string): undefined {
    this.#lines.push(text);
  }

  #whole(text: string): string {
    // The end of a fence on a line of its own is no line of the text.
    if (text !== '' || !this.#fenced) this.#lines.push(text);
    return this.end()!;
  }
}
