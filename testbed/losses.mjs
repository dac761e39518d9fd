import { text } from './blocks.mjs';
import { figure, gold } from './rungs.mjs';
import { STOPS } from './tables/course.mjs';
import { policies } from './tables/bestOf.mjs';

/**
 * In how many cells a choice loses: what a user must be able to rely on. A cell is one seed of one setting (and of one N).
 * @param found table -> its cells with results
 */
export function losses(found) {
  const best = { paper: [], ours: [] };
  const train = { paper: [], ours: [] };
  for (const name of ['ladder', 'labels', 'writers', 'sizes'])
    for (const { results } of found.get(name) ?? []) {
      for (const { bestOf = [] } of results)
        for (const { rows } of bestOf) {
          const [one, ...more] = rows;
          for (const row of more) {
            best.paper.push(row.plain.value - one.plain.value);
            best.ours.push(row.held.value - one.held.value);
          }
        }
      const start = figure(results, 'JSFT', gold);
      train.ours.push(...figure(results, 'SELF-JUDGE', gold).map((value, i) => value - start[i]));
    }
  for (const { results } of found.get('course') ?? [])
    for (const { plain } of results)
      train.paper.push(STOPS['the last step (the paper)'](plain).gold - plain[0].gold);
  for (const { results } of found.get('bestOf') ?? [])
    for (const policy of policies(results))
      for (const rows of results) {
        const of = (by) => {
          const { chosen } = rows.find(
            (row) => row.policy === policy && row.by === by && row.how === 'knock-out',
          );
          const [one, ...more] = chosen;
          return more.map(({ gold }) => gold - one.gold);
        };
        best.paper.push(...of('frozen start'));
        best.ours.push(...of('frozen start + reference'));
      }
  const share = (all) => `${all.filter((difference) => difference < 0).length} of ${all.length} cells`;
  return [
    text(
      `**What loses.** Best-of-N below one answer of the same policy: ${share(best.paper)} by the judge alone (the paper), ${share(best.ours)} held to the start.`,
      `Self-training below its start: ${share(train.paper)} by its last step (the paper), ${share(train.ours)} by the step that the frozen judge keeps`,
      '(ours). A cell is one seed of one setting, and of one N.',
    ),
  ];
}
