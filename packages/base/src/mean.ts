import { check, measured, numbers } from './checks.js';

const meanArguments = { values: numbers(measured) };

/** The arithmetic mean; NaN of no values. */
export function mean(values: readonly number[]): number {
  check('mean', { values }, meanArguments);
  return values.reduce((sum, x) => sum + x, 0) / values.length;
}
