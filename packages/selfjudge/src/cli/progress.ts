import { leads } from './exit.js';
import { figure } from './table.js';

/** What progress is written to: a terminal or a file. */
export interface ProgressStream {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

/** How what is counted is written. */
export interface Counting {
  /** So many of so many. */
  pair(done: number, total: number): string;
  /** So many in a second. */
  rate(perSecond: number): string;
}

const counting = (unit: string): Counting => ({
  pair: (done, total) => `${done}/${total} ${unit}`,
  rate: (perSecond) => `${figure(perSecond)}/s`,
});

/** Counting of bytes. */
export const BYTES: Counting = {
  pair: (done, total) => `${bytesText(done)} of ${bytesText(total)}`,
  rate: (perSecond) => `${bytesText(perSecond)}/s`,
};

/** Of the processes of a job that do not print. */
const SILENT: ProgressStream = { write: () => {} };

const CLEAR = '\r\x1b[2K';
/** A terminal is redrawn at most so often. */
const FRAME_MS = 100;

/** Where a long piece of work is, on stderr: one line that is rewritten on a terminal, a line every 10% elsewhere. */
export class Progress {
  private start = performance.now();
  private begunAt = 0;
  private lastTenth = 0;
  private lastDrawn = -Infinity;
  /** Text that stands on the terminal's last line. */
  private open = false;

  private readonly counting: Counting;

  /** @param unit what is counted, in the plural, or how */
  constructor(
    private readonly title: string,
    unit: string | Counting,
    private readonly stream: ProgressStream = leads() ? process.stderr : SILENT,
  ) {
    this.counting = typeof unit === 'string' ? counting(unit) : unit;
  }

  /** The work begins now. @param done of it before: it counts as done, but not for the rate */
  begin(done: number): void {
    this.start = performance.now();
    this.begunAt = done;
    this.lastTenth = 0;
  }

  /** @param note short facts of the moment, such as the loss, two spaces between them; the last give way first */
  update(done: number, total: number, note = ''): void {
    if (this.stream.isTTY) {
      const now = performance.now();
      if (done < total && now - this.lastDrawn < FRAME_MS) return;
      this.lastDrawn = now;
      const line = fitted(this.fields(done, total, note), (this.stream.columns ?? 100) - 1);
      this.stream.write(`${CLEAR}${line}`);
      this.open = true;
      return;
    }
    const tenth = Math.floor((done / total) * 10);
    if (tenth <= this.lastTenth) return;
    this.lastTenth = tenth;
    this.stream.write(`${this.fields(done, total, note).join(GAP)}\n`);
  }

  /** A line of its own, above the progress. */
  say(message: string): void {
    this.stream.write(`${this.open ? CLEAR : ''}${message}\n`);
    this.open = false;
  }

  /** Ends the line on a terminal. */
  finish(): void {
    if (this.open) this.stream.write('\n');
    this.open = false;
  }

  private fields(done: number, total: number, note: string): string[] {
    const seconds = (performance.now() - this.start) / 1000;
    const rate = (done - this.begunAt) / Math.max(seconds, 1e-9);
    const share = `${Math.floor((done / total) * 100)}%`.padStart(4);
    const eta =
      rate === 0 ? '' : done < total ? `ETA ${duration((total - done) / rate)}` : `in ${duration(seconds)}`;
    const facts = [this.title, share, this.counting.pair(done, total), this.counting.rate(rate), eta];
    return [...facts, ...note.split(GAP)].filter(Boolean);
  }
}

const GAP = '  ';

/** As many whole fields as a line has room for: a number without its last digits would be another number. */
function fitted(fields: readonly string[], width: number): string {
  let line = '';
  for (const field of fields) {
    const longer = line === '' ? field : `${line}${GAP}${field}`;
    if (longer.length > width) break;
    line = longer;
  }
  return line;
}

/** Bytes as people say them: 512 B, 1.5 kB, 15.2 GB. */
export function bytesText(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(bytes) / 3));
  return power === 0
    ? `${Math.round(bytes)} B`
    : `${(bytes / 1000 ** power).toFixed(1)} ${['', 'k', 'M', 'G', 'T'][power]}B`;
}

/** Seconds as people say them: 8 s, 2 m 05 s, 1 h 12 m. */
export function duration(seconds: number): string {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} m ${String(s % 60).padStart(2, '0')} s`;
  return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, '0')} m`;
}
