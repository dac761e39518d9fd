import type { NativeDevice } from '@selfjudge/native';
import { toBf16 } from '../case.js';
import { dtypeOf } from '../contractCalls.js';
import { BF16, F32 } from '../native.js';
import type { Content, RecordedCall } from './recorder.js';
import { replay, type Replayed } from './replay.js';

/** How an output comes to be rounded more than once. */
interface RoundedWithin {
  /** The tensor that makes it so when it is given; where there is none, products of operands rounded to bf16 do. */
  given?: string;
  /** The mean square of its errors, in those of one rounding. */
  roundings: number;
}

const ROUNDED_WITHIN: Record<string, RoundedWithin> = {
  'rms_norm.y': { given: 'residual', roundings: 2.2 }, // is of the sum as it is stored
  'linear.y': { given: 'gate', roundings: 2.2 }, // is stored before the gate is multiplied
  'tree_attention.o': { roundings: 5 },
  'tree_attention_pool.o': { roundings: 5 },
  'tree_attention_backward.dq': { roundings: 10 },
  'tree_attention_backward.dk': { roundings: 10 },
  'tree_attention_backward.dv': { roundings: 10 },
  'linear_logprob_backward.dh': { roundings: 3 },
};

/** Kernel paths whose products take only float32 operands, and so round nothing on the way. */
const WITHOUT_DOTS = ['portable', 'avx2', 'avx512'];

/** float32 chains of one value in different orders, relative to the larger of the value and the tensor's typical size. */
const NOISE = 1e-5;

/** Whether `received` is what some value within `error` of `exact` is rounded to. */
export function isRounded(received: number, exact: number, error: number): boolean {
  return toBf16(exact - error) <= received && received <= toBf16(exact + error);
}

/** Root of the mean square of the finite values. */
export function typicalSize(values: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < values.length; i++) if (Number.isFinite(values[i])) squares += values[i] ** 2;
  return Math.sqrt(squares / Math.max(1, values.length));
}

/** The call on float32 tensors of the same values; undefined where one of its tensors can only be bf16, or none is. */
function inFloat32(call: RecordedCall): RecordedCall | undefined {
  const isBf16 = (content: Content | null): boolean => content?.dtype === BF16;
  const free = call.contract.tensors.every(
    ({ dtypes }, i) => !isBf16(call.tensors[i]) || dtypes.some((name) => dtypeOf(name) === F32),
  );
  if (!free || !call.tensors.some(isBf16)) return undefined;
  const tensors = call.tensors.map(
    (content) => content && (isBf16(content) ? { ...content, dtype: F32 } : content),
  );
  return { ...call, tensors: tensors as RecordedCall['tensors'] };
}

/** The first value that is not the exact one rounded once to the nearest. */
function notNearest(stored: ArrayLike<number>, exact: ArrayLike<number>): string | undefined {
  const typical = typicalSize(exact);
  for (let i = 0; i < exact.length; i++) {
    const error = NOISE * Math.max(Math.abs(exact[i]), typical);
    if (!Number.isFinite(exact[i]) || isRounded(stored[i], exact[i], error)) continue;
    return `[${i}] is ${stored[i]}, expected ${exact[i]} rounded once to the nearest`;
  }
  return undefined;
}

/**
 * Of values that were rounded to the nearest on the way: errors as large as that makes them, and as often up as down. In
 * units in the last place, of values not so small that the roundings before were of much larger units.
 */
function notNearestWithin(
  stored: ArrayLike<number>,
  exact: ArrayLike<number>,
  most: number,
): string | undefined {
  const typical = typicalSize(exact);
  let [count, sum, squares] = [0, 0, 0];
  for (let i = 0; i < exact.length; i++) {
    const size = Math.abs(exact[i]);
    if (!(size > typical / 8)) continue;
    const error = (Math.sign(exact[i]) * (stored[i] - exact[i])) / 2 ** (Math.floor(Math.log2(size)) - 7);
    count++;
    sum += error;
    squares += error ** 2;
  }
  if (count < 64) return undefined;
  const mean = sum / count;
  const roundings = (12 * squares) / count; // the errors of one rounding have a variance of 1/12
  const deviations = 5 / Math.sqrt(count);
  if (Math.abs(mean) <= deviations * Math.sqrt(squares / count) && roundings <= most * (1 + deviations))
    return undefined;
  return (
    `: errors of a mean of ${mean} units in the last place and of ${roundings} roundings, ` +
    `expected 0 and at most ${most}`
  );
}

/**
 * A call on bf16 tensors against the same on float32: what it stores in bf16 has to be the float32 value rounded once, to
 * the nearest, ties to even. Returns what is not, in words.
 */
export async function checkRounding(
  native: NativeDevice,
  call: RecordedCall,
  own: Replayed,
): Promise<string[]> {
  const float = inFloat32(call);
  if (float === undefined) return [];
  const { written } = await replay(native, float, false);
  const { op, tensors } = call.contract;
  return tensors.flatMap(({ name }, n) => {
    const [stored, exact] = [own.written[n], written[n]];
    if (stored?.dtype !== BF16 || exact?.dtype !== F32) return [];
    const within = ROUNDED_WITHIN[`${op}.${name}`] as RoundedWithin | undefined;
    const is =
      within?.given === undefined
        ? !WITHOUT_DOTS.includes(native.path)
        : call.tensors[tensors.findIndex((spec) => spec.name === within.given)] !== null;
    const wrong =
      within !== undefined && is
        ? notNearestWithin(stored.values, exact.values, within.roundings)
        : notNearest(stored.values, exact.values);
    return wrong === undefined ? [] : [`${op}: ${name}${wrong}`];
  });
}
