import { figure, gold, VOTE } from './rungs.mjs';
import { chosenGold } from './tables/bestOf.mjs';
import { OURS, STOPS } from './tables/course.mjs';
import { holds, lessOf, span } from './statistics.mjs';

/** One line a claim: what the interval over seeds says, and of labels where it holds. @param found table -> its cells with results */
export function claims(found) {
  const rows = [];
  const add = (claim, difference) => rows.push([claim, holds(difference), span(difference)]);
  const results = found.get('ladder')?.[0].results;
  if (results !== undefined) {
    const less = (a, b) => lessOf(figure(results, a, gold), figure(results, b, gold));
    add(
      "Self-training by one's own judgments improves the policy (SELF-JUDGE less JSFT)",
      less('SELF-JUDGE', 'JSFT'),
    );
    add('It is better than SFT', less('SELF-JUDGE', 'SFT'));
    add('It is better than DPO on the overall labels', less('SELF-JUDGE', 'DPO on the overall label'));
    add(
      'It is better than DPO on the vote of the labels that the judge learnt from',
      less('SELF-JUDGE', VOTE),
    );
    add(
      'Own answers matter: better than the same pairs relabelled by the judge',
      less('SELF-JUDGE', 'judge, offline'),
    );
    add(
      'On-policy is better than answers of the start, judged once',
      less('SELF-JUDGE', 'judge, off-policy'),
    );
    add('To judge as well costs the policy nothing (JSFT less SFT)', less('JSFT', 'SFT'));
    add(
      'With a judge that is always right, own answers are better than the labelled ones',
      less('gold, on-policy', 'gold, offline'),
    );
    add(
      'Ours: self-training held to the start is better than without',
      less('SELF-JUDGE + reference', 'SELF-JUDGE'),
    );
  }
  const best = found.get('bestOf')?.[0].results;
  if (best !== undefined) {
    const of = (policy, by, n) => chosenGold(best, policy, by, 'knock-out', n);
    add(
      'The best of 16 of its answers is better than one (self-rejection)',
      lessOf(of('SELF-JUDGE', 'frozen start', 16), of('SELF-JUDGE', 'frozen start', 1)),
    );
    add(
      'The policy as judge of its own answers is better than its frozen start (best of 16)',
      lessOf(of('SELF-JUDGE', 'policy itself', 16), of('SELF-JUDGE', 'frozen start', 16)),
    );
    for (const policy of ['JSFT', 'SELF-JUDGE', 'SELF-JUDGE, last step'])
      add(
        `Ours: held to the start, the best of 16 of ${policy} is better than by the judge alone`,
        lessOf(of(policy, 'frozen start + reference', 16), of(policy, 'frozen start', 16)),
      );
    add(
      'Training still pays with the best of 16 + reference (SELF-JUDGE less JSFT)',
      lessOf(of('SELF-JUDGE', 'frozen start + reference', 16), of('JSFT', 'frozen start + reference', 16)),
    );
  }
  const course = found.get('course')?.[0].results;
  if (course !== undefined) {
    const points = course.map(({ plain }) => plain);
    const last = points.map((of) => STOPS['the last step (the paper)'](of));
    add(
      'Training to the last step is better than the step that the judge keeps',
      lessOf(
        last.map(({ gold }) => gold),
        points.map((of) => STOPS[OURS](of).gold),
      ),
    );
    add(
      'The frozen judge is as right on the last policy as on its own answers',
      lessOf(
        last.map(({ right }) => right),
        points.map(([start]) => start.right),
      ),
    );
  }
  for (const [table, label] of [
    ['labels', 'labels'],
    ['writers', ''],
    ['sizes', 'parameters'],
  ])
    for (const { cell, results: of } of found.get(table) ?? [])
      add(
        `Better than DPO on the vote: ${cell} ${label}`.trim(),
        lessOf(figure(of, 'SELF-JUDGE', gold), figure(of, VOTE, gold)),
      );
  return [{ kind: 'table', head: ['claim', 'here', 'difference'], rows }];
}
