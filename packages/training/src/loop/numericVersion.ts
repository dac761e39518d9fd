/**
 * Which bits this code computes: it changes with every change that moves a result, so that a run that goes on with other
 * code can tell. A test holds it to the results committed in test/fixtures/bits.
 */
export const NUMERIC_VERSION = 2;
