import { existsSync } from 'node:fs';
import { cudaModule, NativeDevice } from '@selfjudge/native';
import { ArgumentError, DisposedError } from '@selfjudge/base';
import { guarded, guardedAsync } from './nativeErrors.js';

/**
 * Bytes on the device. `live` belongs to tensors, `packed` is the part of it in packed weights, `cached` is kept for
 * reuse, `peak` is the most that was live, workspace included, since `resetPeak()`.
 */
export interface DeviceMemory {
  live: number;
  cached: number;
  peak: number;
  packed: number;
}

/** Work that was enqueued, exact up to 2^53. */
export interface Work {
  calls: number;
  /** Floating-point operations of matrix products, attention and the head, 2 M N K a product; other ops count none. */
  flops: number;
  /**
   * Bytes of device memory that must move at least: what is read once and what is written once, by the size of its
   * storage; of tensors that rows are picked from, the rows. Uploads, reads and scratch memory are left out.
   */
  bytes: number;
}

/** Work in all, and of each op that was called, under its native name. */
export interface DeviceCounters extends Work {
  ops: ({ op: string } & Work)[];
}

export type DeviceKind = 'auto' | 'cpu' | 'cuda' | `cuda:${number}`;

let opened: Device | undefined;

/**
 * Where tensors live and ops run: one in-order stream and one allocator. Ops are enqueued and never wait;
 * `tensor.read()` and `sync()` are the only waits. A failed command poisons the stream: later ones are skipped, reads
 * and syncs reject with a FaultError and enqueues throw it, until `recover()`.
 */
export class Device {
  /** The addon's device; for the tensor folder only. */
  readonly native: NativeDevice;
  /** Told why `auto` takes the CPU although this build has a CUDA module. */
  static onFallback: ((reason: string) => void) | undefined;
  static #gpu = 0;
  readonly #kind: string;
  #closed = false;

  private constructor(kind: string) {
    this.native = guarded(() => new NativeDevice(kind));
    this.#kind = kind;
  }

  /**
   * The device of this thread: the same object for every caller until it is closed. `cuda:N` is GPU number N, `cuda`
   * the first, or the one `chooseGpu` named; a process computes on one GPU. `auto` takes a GPU where one can be used, else the CPU. The CPU's
   * kernel path follows its features; the environment variable SELFJUDGE_CPU (`amx`, `avx512bf16`, `avx512`, `avx2`,
   * `portable`) forces one.
   */
  static open(kind: DeviceKind = 'auto'): Device {
    if (typeof kind !== 'string' || !/^(auto|cpu|cuda(:\d+)?)$/.test(kind)) {
      throw new ArgumentError('kind', {
        where: 'Device.open',
        expected: "'auto', 'cpu', 'cuda' or 'cuda:N'",
        received: kind,
      });
    }
    if (opened !== undefined && !opened.closed) {
      const wanted = kind === 'cuda' ? Device.#own : kind;
      if (kind === 'auto' || wanted === opened.#kind) return opened;
      throw new ArgumentError('kind', {
        where: 'Device.open',
        expected: `the device of this thread, '${opened.#kind}', until it is closed`,
        received: kind,
      });
    }
    opened = kind === 'auto' ? Device.#best() : new Device(kind === 'cuda' ? Device.#own : kind);
    return opened;
  }

  /** Says which GPU `cuda` and `auto` mean in this process: of processes that share a machine each has its own. */
  static chooseGpu(index: number): void {
    Device.#gpu = index;
  }

  static get #own(): string {
    return `cuda:${Device.#gpu}`;
  }

  // A build without a CUDA module never had a GPU in mind: no word is lost on it.
  static #best(): Device {
    if (!existsSync(cudaModule)) return new Device('cpu');
    try {
      return new Device(Device.#own);
    } catch (error) {
      Device.onFallback?.(String((error as ArgumentError).details.received));
      return new Device('cpu');
    }
  }

  get name(): string {
    return this.native.name;
  }

  /** The kernel path in use, for example 'avx512'. Results are bitwise reproducible within one path. */
  get path(): string {
    return this.native.path;
  }

  /** The hardware, in words. */
  get description(): string {
    return this.native.description;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Resolves when everything enqueued so far has run; rejects with the stream's fault. */
  async sync(): Promise<void> {
    this.assertOpen('sync');
    await guardedAsync(() => this.native.sync());
  }

  /** Clears a fault. Tensors keep what they held; those that skipped commands should have written are undefined. */
  recover(): void {
    this.assertOpen('recover');
    guarded(() => this.native.recover());
  }

  memory(): DeviceMemory {
    this.assertOpen('memory');
    return this.native.memory();
  }

  resetPeak(): void {
    this.assertOpen('resetPeak');
    this.native.resetPeak();
  }

  /** The work enqueued since the device was opened. Cheap; never waits. */
  counters(): DeviceCounters {
    this.assertOpen('counters');
    return this.native.counters();
  }

  /** Ends the stream and frees all memory. Every tensor of the device is dead afterwards. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    guarded(() => this.native.close());
  }

  assertOpen(where: string): void {
    if (this.#closed) {
      throw new DisposedError('device', { where, expected: 'an open device', received: 'a closed one' });
    }
  }
}
