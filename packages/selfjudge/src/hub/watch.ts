/** A signal for a connection: aborted by an outer signal, or when nothing was heard for some time. */
export class Watch {
  private readonly controller = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private readonly onOuter = (): void => this.controller.abort(this.outer?.reason);
  /** Whether it was ended by silence. */
  silent = false;

  /** @param silence milliseconds */
  constructor(
    private readonly silence: number,
    readonly outer?: AbortSignal,
  ) {
    outer?.addEventListener('abort', this.onOuter);
    if (outer?.aborted === true) this.onOuter();
    this.heard();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Something came, or was taken. */
  heard(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.silent = true;
      this.controller.abort();
    }, this.silence);
  }

  /** The connection is over; what it has not given yet is dropped. */
  end(): void {
    clearTimeout(this.timer);
    this.outer?.removeEventListener('abort', this.onOuter);
    this.controller.abort();
  }
}
