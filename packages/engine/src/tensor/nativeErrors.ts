import type { NativeError } from '@selfjudge/native';
import {
  ArgumentError,
  DisposedError,
  FaultError,
  ForeignError,
  OutOfMemoryError,
  SelfjudgeError,
} from '@selfjudge/base';

const mismatches = {
  SJ_WRONG_ARGUMENT: ArgumentError,
  SJ_DISPOSED: DisposedError,
  SJ_OUT_OF_MEMORY: OutOfMemoryError,
  SJ_FOREIGN: ForeignError,
};

/** The class of ours that says what an error of the addon says. Anything else comes back as it is. */
export function fromNative(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof SelfjudgeError) return error;
  const { code, op, argument, expected, received, sequence, cause, message } = error as NativeError;
  switch (code) {
    case 'SJ_FAULT':
      return new FaultError({ op, sequence: sequence ?? 0, cause: cause ?? message });
    case 'SJ_INTERNAL':
      return new SelfjudgeError('SJ_INTERNAL', message, { op });
    default: {
      const Mismatch = mismatches[code];
      if (Mismatch === undefined) return error;
      const what = argument === undefined || argument === '' ? 'call' : argument;
      return new Mismatch(what, {
        where: op,
        expected: expected ?? message,
        received: received ?? 'another value',
      });
    }
  }
}

/** Runs a call into the addon and turns its errors into ours. */
export function guarded<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw fromNative(error);
  }
}

/** The same for a promise of the addon. */
export function guardedAsync<T>(call: () => Promise<T>): Promise<T> {
  return guarded(call).catch((error: unknown) => {
    throw fromNative(error);
  });
}
