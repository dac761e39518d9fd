/** Where a long piece of work is, on stderr: one line that is rewritten on a terminal, a line every 10% elsewhere. */
export class Progress {
  private readonly start = performance.now();
  private lastTenth = 0;
  private lastDrawn = 0;

  constructor(
    private readonly title: string,
    private readonly unit: string,
    private readonly stream: NodeJS.WriteStream = process.stderr,
  ) {}

  /** @param note short facts of the moment, such as the loss */
  update(done: number, total: number, note = ''): void {
    const line = this.line(done, total, note);
    if (this.stream.isTTY) {
      const now = performance.now();
      if (done < total && now - this.lastDrawn < 100) return;
      this.lastDrawn = now;
      this.stream.write(`\r\x1b[2K${line.slice(0, (this.stream.columns ?? 100) - 1)}`);
      return;
    }
    const tenth = Math.floor((done / total) * 10);
    if (tenth > this.lastTenth) {
      this.lastTenth = tenth;
      this.stream.write(`${line}\n`);
    }
  }

  /** Ends the line on a terminal. */
  finish(): void {
    if (this.stream.isTTY && this.lastDrawn > 0) this.stream.write('\n');
  }

  private line(done: number, total: number, note: string): string {
    const seconds = (performance.now() - this.start) / 1000;
    const rate = done / Math.max(seconds, 1e-9);
    const share = `${Math.floor((done / total) * 100)}%`.padStart(4);
    const eta = done === 0 ? '' : done < total ? `ETA ${duration((total - done) / rate)}` : `in ${duration(seconds)}`;
    return [this.title, share, `${done}/${total} ${this.unit}`, `${rate.toPrecision(3)}/s`, eta, note]
      .filter(Boolean)
      .join('  ');
  }
}

/** Seconds as people say them: 8 s, 2 m 05 s, 1 h 12 m. */
export function duration(seconds: number): string {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} m ${String(s % 60).padStart(2, '0')} s`;
  return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, '0')} m`;
}
