import { NativeDevice } from '@selfjudge/native';
import type { NativeError } from '@selfjudge/native';

/** The native codes of dtypes and layouts. */
export const F32 = 0;
export const BF16 = 1;
export const I32 = 2;
export const ROWS = 0;
export const PANELS = 1;

/** A device with short forms for tests of the native surface. */
export function openNative() {
  const device = new NativeDevice('cpu');
  return {
    device,
    floats: (values: number[], shape = [values.length]) =>
      device.upload(new Float32Array(values), F32, shape).handle,
    ints: (values: number[], shape = [values.length]) =>
      device.upload(new Int32Array(values), I32, shape).handle,
    values: async (handle: number) => Array.from(await device.read(handle)),
  };
}

/** The error that `call` throws. */
export function errorOf(call: () => unknown): NativeError {
  try {
    call();
  } catch (error) {
    return error as NativeError;
  }
  throw new Error('expected a throw');
}

/** Its code and message. */
export function told(call: () => unknown): string {
  const { code, message } = errorOf(call);
  return `${code} ${message}`;
}
