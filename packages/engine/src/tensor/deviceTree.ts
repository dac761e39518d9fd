import { check, instance, kind, object, whole } from '@selfjudge/base/checks';
import { DisposedError } from '@selfjudge/base';
import { Device } from './device.js';
import { guarded } from './nativeErrors.js';

const treeArguments = {
  device: instance(Device),
  batch: object({ segments: kind('an Int32Array', (value) => value instanceof Int32Array), rows: whole(1) }),
};

/** A prefix tree on a device: what `treeAttention` takes. Tapes that need it longer hold it. */
export class DeviceTree {
  readonly device: Device;
  /** Rows of the tree. */
  readonly rows: number;
  readonly #handle: number;
  #holders = 1;
  #disposed = false;

  private constructor(device: Device, rows: number, handle: number) {
    this.device = device;
    this.rows = rows;
    this.#handle = handle;
  }

  /** Validates and copies the segments: [start, length, parent] triples, parents first, -1 for none. */
  static from(device: Device, batch: { segments: Int32Array; rows: number }): DeviceTree {
    check('DeviceTree.from', { device, batch }, treeArguments);
    device.assertOpen('DeviceTree.from');
    const handle = guarded(() => device.native.tree(batch.segments));
    return new DeviceTree(device, batch.rows, handle);
  }

  /** The native handle. For the tensor folder. */
  handle(where: string): number {
    if (this.#holders === 0) {
      throw new DisposedError('tree', { where, expected: 'a live tree', received: 'a disposed one' });
    }
    return this.#handle;
  }

  /** Keeps the tree alive until the returned function is called. For tapes. */
  hold(): () => void {
    this.handle('DeviceTree.hold');
    this.#holders++;
    return () => this.#drop();
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#drop();
  }

  #drop(): void {
    this.#holders--;
    if (this.#holders === 0 && !this.device.closed)
      guarded(() => this.device.native.disposeTree(this.#handle));
  }
}
