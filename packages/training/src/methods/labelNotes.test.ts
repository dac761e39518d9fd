import { loadJudgeTemplate } from '@selfjudge/judging';
import { describe, expect, it } from 'vitest';
import { labelNotes } from './labelNotes.js';

const labelled = {
  labels: { honesty: 'chosen', tone: 'rejected' },
  rationales: { tone: 'B is rude.' },
} as const;

describe('what is said of labels', () => {
  it('is nothing where each answers a question', () => {
    expect(labelNotes([{}, {}], loadJudgeTemplate('plain'))).toEqual([]);
    expect(labelNotes([{ labels: { honesty: 'chosen' } }], loadJudgeTemplate('principles'))).toEqual([]);
  });

  it('names those that no question asks for', () => {
    expect(labelNotes([labelled, {}], loadJudgeTemplate('plain'))).toEqual([
      '1 of 2 pairs have labels that no question of judge_template plain asks for (honesty, tone): they are not learnt; ' +
        'it asks for overall',
    ]);
    expect(labelNotes([labelled], loadJudgeTemplate('principled-rationale'))).toEqual([
      '1 of 1 pairs have labels that no question of judge_template principled-rationale asks for (tone): they are not ' +
        'learnt; it asks for instruction_following, truthfulness, honesty, helpfulness',
      '1 of 1 pairs have rationales that no question of judge_template principled-rationale asks for (tone): they are ' +
        'not learnt; it asks for instruction_following, truthfulness, honesty, helpfulness',
    ]);
  });

  it('counts pairs whose one label answers all questions', () => {
    expect(labelNotes([{}, { labels: { honesty: 'chosen' } }], loadJudgeTemplate('honesty'))).toEqual([
      '1 of 2 pairs have no label of a principle: their one label answers the question of judge_template honesty',
    ]);
    expect(labelNotes([{}], loadJudgeTemplate('rationale'))).toEqual([
      'judge_template rationale has rationales and no row has one: only verdicts are learnt',
    ]);
  });
});
