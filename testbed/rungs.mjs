// Figures of ways to train, over seeds.
import { VOTE } from '../packages/selfjudge/dist/world/testbed/rung.js';
import { holm, interval, mean, plain, span } from './statistics.mjs';

export { VOTE };
export const names = (results) => results[0].rungs.map(({ name }) => name);
/** A figure of a way to train, of each seed. */
export const figure = (results, name, pick) =>
  results.map(({ rungs }) => pick(rungs.find((rung) => rung.name === name)));
export const gold = ({ gold }) => gold;

/** Of each way: what it is worth, and what it is worth more than DPO on the vote. */
export function worthTable(results) {
  const others = names(results).filter((name) => name !== VOTE);
  const over = (name) => interval(figure(results, name, ({ over }) => over.value));
  const ps = holm(others.map((name) => over(name).p));
  return {
    kind: 'table',
    head: ['', 'gold', `less ${VOTE}`, 'p', 'perfect', 'win over JSFT', 'KL', 'tokens', 'surplus'],
    rows: names(results).map((name) => {
      const of = (pick, digits) => mean(figure(results, name, pick)).toFixed(digits);
      const at = others.indexOf(name);
      return [
        name,
        plain(interval(figure(results, name, gold))),
        at < 0 ? '' : span(over(name)),
        at < 0 ? '' : ps[at].toFixed(3),
        of(({ perfect }) => perfect, 3),
        of(({ win }) => win, 2),
        of(({ kl }) => kl, 2),
        of(({ tokens }) => tokens, 1),
        of(({ surplus }) => surplus, 2),
      ];
    }),
  };
}
