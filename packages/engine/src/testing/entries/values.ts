import fc from 'fast-check';
import { Device } from '@selfjudge/engine';
import { Tensor } from '@selfjudge/engine';
import { DeviceTree } from '@selfjudge/engine';
import { Vector } from '@selfjudge/engine';
import { Weight } from '@selfjudge/engine';
import { given, junk, notObject } from '@selfjudge/testing/wrongValues';

// Right and wrong values of the tensor folder's types, for the tables beside this file.

export const device = Device.open('cpu');
// A second device of this thread, which only tests make.
const foreignDevice = Reflect.construct(Device, ['cpu']) as Device;
const closedDevice = Reflect.construct(Device, ['cpu']) as Device;
closedDevice.close();

export const floats = (shape: number[] = [2, 2]): Tensor =>
  Tensor.from(device, new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5), shape);
export const ints = (shape: number[]): Tensor =>
  Tensor.from(device, new Int32Array(shape.reduce((a, b) => a * b, 1)), shape);

export const matrix = floats();
export const ids = ints([2]);
export const weight = Weight.pack(matrix, 'float32');
export const vector = new Vector(floats([2]));
const segments = new Int32Array([0, 2, -1]);
export const tree = DeviceTree.from(device, { segments, rows: 2 });

const disposed = floats();
disposed.dispose();
const foreign = Tensor.from(foreignDevice, [1, 2, 3, 4], [2, 2]);
const disposedTree = DeviceTree.from(device, { segments, rows: 2 });
disposedTree.dispose();
const foreignTree = DeviceTree.from(foreignDevice, { segments, rows: 2 });

export { junk };

export const notDevice = fc.oneof(junk, fc.constant(closedDevice));
export const notTensor = fc.oneof(junk, fc.constantFrom(disposed, weight, vector));
/** None of the dtype wanted, or none at all. */
export const firstNotFloats = fc.oneof(notTensor, fc.constant(ids));
export const firstNotInts = fc.oneof(notTensor, fc.constant(matrix));
/** The same, or of another device than the tensors before it. */
export const notFloats = fc.oneof(firstNotFloats, fc.constant(foreign));
export const notInts = fc.oneof(firstNotInts, fc.constant(foreign));
export const notWeight = fc.oneof(junk, fc.constantFrom(matrix, vector));
export const notVector = fc.oneof(junk, fc.constantFrom(matrix, weight, { value: 1 }));
export const notTree = fc.oneof(junk, fc.constantFrom(disposedTree, foreignTree, matrix));
/** No options, nor a tensor or vector in their place. */
export const notOptions = fc.oneof(notObject, fc.constantFrom(matrix, weight, vector));
export const notShape = fc.oneof(
  junk,
  fc.constantFrom([], [0], [-1, 2], [1.5], [NaN], ['2'], [1, 1, 1, 1], [2 ** 31, 2 ** 31], [undefined]),
);
export const perhaps = given;

export function closeDevices(): void {
  device.close();
  foreignDevice.close();
}
