// The best of several answers by knock-out, judged by the frozen start alone and with its log-probability beside: what
//   selfjudge generate --best_of N --judge start [--reference_weight W]
// does, of answers that are there already, and nobody is asked about a pair twice.
import { loadModel } from '../../packages/selfjudge/dist/index.js';
import { regularised, tournament } from '../../packages/judging/dist/index.js';
import { askedOnce } from '../../packages/judging/dist/internal.js';
import { REFERENCE_WEIGHT, writeRows } from './settings.mjs';

/**
 * @param judge the frozen start
 * @param entries a prompt and its candidates each
 * @param to is written: rows `{plain, reference, matches}`, the indices of both winners and the matches of the plain one
 */
export async function bestOf({ judge: path, entries, seed, to }) {
  const model = await loadModel(path);
  try {
    const known = new Map();
    const store = {
      get: (key) => known.get(key),
      add: (verdicts) => verdicts.forEach((verdict, key) => known.set(key, verdict)),
    };
    const judge = askedOnce({ compare: (pairs, options) => model.judge(pairs, options) }, store);
    const by = async (name, one) => {
      const started = performance.now();
      const result = await tournament(entries, one, seed);
      const seconds = ((performance.now() - started) / 1000).toFixed(0);
      process.stderr.write(
        `best of ${entries[0].candidates.length}, ${name}: ${entries.length} tournaments, ${seconds} s\n`,
      );
      return result;
    };
    const plain = await by('plain', judge);
    const reference = await by('with reference', regularised(judge, model.opened, REFERENCE_WEIGHT));
    writeRows(
      to,
      plain.map(({ winner, rounds }, i) => ({
        plain: winner,
        reference: reference[i].winner,
        matches: rounds.flatMap(({ matches }) =>
          matches.flatMap(({ a, b, verdict }) => (verdict ? [{ a, b, winner: verdict.winner }] : [])),
        ),
      })),
    );
  } finally {
    model.dispose();
  }
}
