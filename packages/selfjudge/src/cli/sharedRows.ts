import { meet, ranksOfProcess, type Ranks } from '@selfjudge/engine/internal';
import { factsOfJob } from '../training/ranks.js';
import { print } from './exit.js';
import { KeptRows, PassedRows, type Remember, type RowsOutput, type WrittenRow } from './keptRows.js';
import { DeviceOutput, isFileOutput } from './output.js';
import type { RowsOrigin } from '../models/judgeOrigin.js';
import { stateOf } from './rowsState.js';

/** An output of rows as ranks share it: rank 0 opens and writes it, the others know of its rows what it knows. */
class SharedRows implements RowsOutput {
  #rows: WrittenRow[] = [];

  constructor(
    private readonly ranks: Ranks,
    private readonly own: RowsOutput | undefined,
    readonly before: RowsOrigin | undefined,
    private readonly remember: Remember,
  ) {}

  get rows(): readonly WrittenRow[] {
    return this.own?.rows ?? this.#rows;
  }

  get kept(): string | undefined {
    return this.own?.kept;
  }

  /** The first exchange, after rank 0 has seen that what is there can be gone on with. */
  async begin(origin: RowsOrigin, total: number): Promise<void> {
    await this.own?.begin(origin, total);
    const { config, contents, kernel_path } = origin;
    meet(this.ranks, () => factsOfJob(config, { path: kernel_path, contents }));
    const [rows] = this.ranks.gather(this.own?.rows);
    this.#rows = [...rows!];
  }

  append(rows: readonly WrittenRow[]): void {
    if (this.own !== undefined) return this.own.append(rows);
    for (const row of rows) this.#rows.push(this.remember(JSON.parse(JSON.stringify(row)) as WrittenRow));
  }

  async finish(): Promise<void> {
    await this.own?.finish();
  }

  close(): void {
    this.own?.close();
  }
}

/**
 * Where rows go: a file keeps them, the standard output (undefined), a device or a pipe does not.
 * @throws as `KeptRows.open`
 */
export const outputOfRows = (path: string | undefined, remember: Remember): RowsOutput =>
  shared(() => ownOutput(path, remember), path, remember);

/** Rows that go nowhere but into the work that follows. */
export const passedRows = (remember: Remember): RowsOutput =>
  shared(() => passed(() => {}, remember), undefined, remember);

function shared(open: () => RowsOutput, path: string | undefined, remember: Remember): RowsOutput {
  const ranks = ranksOfProcess();
  if (ranks.size === 1) return open();
  const own = ranks.rank === 0 ? open() : undefined;
  // What rank 0 begins with the others look up: until all have met nobody changes it.
  const before = own === undefined && path !== undefined && isFileOutput(path) ? stateOf(path) : own?.before;
  return new SharedRows(ranks, own, before, remember);
}

const passed = (to: (text: string) => void, remember: Remember, close = () => {}): RowsOutput =>
  new PassedRows(to, close, remember);

function ownOutput(path: string | undefined, remember: Remember): RowsOutput {
  if (path === undefined) return passed(print, remember);
  if (isFileOutput(path)) return KeptRows.open(path, remember);
  const device = new DeviceOutput(path);
  return passed(
    (text) => device.write(Buffer.from(text)),
    remember,
    () => device.commit(),
  );
}
