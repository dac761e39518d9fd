import { callback, having, list, number, object, oneOf, text, tuple } from '@selfjudge/base/checks';
import { prompt } from '@selfjudge/text/checks';

/** The parts of a preference that are read here. */
export const isPreference = object({ prompt, chosen: text, rejected: text });

/** Whoever compares answers. */
export const isJudge = having('an object with a method compare', { compare: callback });

export const isWinner = oneOf('a', 'b', 'tie', null);

/** Lengths of two answers, in any one unit. */
export const isLengths = tuple(number({ min: 0 }), number({ min: 0 }));
export const manyLengths = (count: number) => list(isLengths, count);
