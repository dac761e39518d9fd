import type { PreferencePair } from '@selfjudge/data';
import type { Judge, JudgeBehaviour, Verdict } from '@selfjudge/judging';
import { consult, judgeBehaviour } from '@selfjudge/judging/internal';
import { wilson, type Estimate } from './estimate.js';

/** How often a judge agrees with known preferences. Lengths are in characters. */
export interface JudgeAgreement {
  /** Share of right verdicts; a tie counts half, a null verdict is left out and counted in `errors`. */
  accuracy: Estimate;
  ties: number;
  errors: number;
  /** Accuracy where the preferred answer is the longer one, and where it is the shorter: equal without length bias. */
  longerChosen: Estimate;
  shorterChosen: Estimate;
  /** What always naming the longer answer would score on the same pairs; equal lengths count half. */
  alwaysLonger: Estimate;
  behaviour: JudgeBehaviour;
}

/** Compares a judge with human preferences. @param pairs should be none of those the judge was trained on. */
export async function judgeAgreement(
  judge: Judge,
  pairs: readonly Pick<PreferencePair, 'prompt' | 'chosen' | 'rejected'>[],
): Promise<JudgeAgreement> {
  const asked = pairs.map(({ prompt, chosen, rejected }) => ({ prompt, a: chosen, b: rejected }));
  const verdicts = await consult(judge, asked, 'judgeAgreement');
  return agreementOf(
    verdicts,
    pairs.map(({ chosen, rejected }) => [chosen.length, rejected.length]),
  );
}

/** @param verdicts on pairs whose answer a is the preferred one, @param lengths of [preferred, other]. */
export function agreementOf(
  verdicts: readonly Verdict[],
  lengths: readonly (readonly [chosen: number, rejected: number])[],
): JudgeAgreement {
  const judged = verdicts.flatMap(({ winner }, i) => {
    if (winner === null) return [];
    const [chosen, rejected] = lengths[i];
    return [
      { points: winner === 'a' ? 1 : winner === 'tie' ? 0.5 : 0, longer: Math.sign(chosen - rejected) },
    ];
  });
  const score = (rows: readonly { points: number }[]) =>
    wilson(
      rows.reduce((sum, { points }) => sum + points, 0),
      rows.length,
    );
  return {
    accuracy: score(judged),
    ties: judged.filter(({ points }) => points === 0.5).length,
    errors: verdicts.length - judged.length,
    longerChosen: score(judged.filter(({ longer }) => longer > 0)),
    shorterChosen: score(judged.filter(({ longer }) => longer < 0)),
    alwaysLonger: score(judged.map(({ longer }) => ({ points: (longer + 1) / 2 }))),
    behaviour: judgeBehaviour(verdicts, lengths),
  };
}
