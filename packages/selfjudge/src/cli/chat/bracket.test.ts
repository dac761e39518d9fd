import { describe, expect, it } from 'vitest';
import { tournament, type JudgePair, type TokenVerdict, type Verdict } from '@selfjudge/judging';
import { painter, textWidth } from '../terminal.js';
import { bracket } from './bracket.js';

const plain = { paint: (text: string) => text, width: 80 };

/** The longer text is better, the more the longer; with `agree` false the second order says otherwise. */
const verdict = ({ a, b }: JudgePair, agree = true): TokenVerdict => {
  const probability = a.length / (a.length + b.length);
  const ab = { rendered: '', pA: probability, pB: 1 - probability };
  const ba = agree ? { rendered: '', pA: ab.pB, pB: ab.pA } : ab;
  const winner = probability > 0.5 ? 'a' : probability < 0.5 ? 'b' : 'tie';
  const evidence = { kind: 'token', orders: [ab, ba], votes: [] } satisfies TokenVerdict['evidence'];
  return { winner, probability, scoreA: probability, scoreB: 1 - probability, evidence };
};
const held = async (candidates: string[], judge: (pair: JudgePair) => Verdict = (pair) => verdict(pair)) => {
  const [result] = await tournament(
    [{ prompt: 'q', candidates }],
    { compare: async (pairs) => pairs.map((pair) => judge(pair)) },
    0,
  );
  return result;
};
const named = (count: number) => Array.from({ length: count }, (_, i) => 'abcdefgh'.slice(0, i + 1));

describe('bracket', () => {
  it('draws who met whom, both probabilities and who went on', async () => {
    const candidates = named(4);
    expect(`\n${bracket(candidates, await held(candidates), plain)}\n`).toMatchInlineSnapshot(`
      "
      4 answers, 3 judgments
        4  abcd 0.80 ─┐
                      ├─ 4 0.57 ─┐
        1  a    0.20 ─┘          │
                                 ├─ 4 wins
        3  abc  0.60 ─┐          │
                      ├─ 3 0.43 ─┘
        2  ab   0.40 ─┘
      "
    `);
  });

  it('draws odd numbers, and a pair', async () => {
    const drawn = async (count: number) => `\n${bracket(named(count), await held(named(count)), plain)}\n`;
    expect(await drawn(2)).toMatchInlineSnapshot(`
      "
      2 answers, 1 judgment
        2  ab 0.67 ─┐
                    ├─ 2 wins
        1  a  0.33 ─┘
      "
    `);
    expect(await drawn(5)).toMatchInlineSnapshot(`
      "
      5 answers, 4 judgments
        5  abcde 0.63 ─┐
                       ├─ 5 ────────── 0.56 ─┐
        3  abc   0.38 ─┘                     │
                                             ├─ 5 wins
        2  ab    ────────── 0.33 ─┐          │
                                  ├─ 4 0.44 ─┘
        1  a     0.20 ─┐          │
                       ├─ 4 0.67 ─┘
        4  abcd  0.80 ─┘
      "
    `);
    expect(await drawn(7)).toMatchInlineSnapshot(`
      "
      7 answers, 6 judgments
        3  abc     ────────── 0.43 ─┐
                                    ├─ 4 0.36 ─┐
        4  abcd    0.80 ─┐          │          │
                         ├─ 4 0.57 ─┘          │
        1  a       0.20 ─┘                     │
                                               ├─ 7 wins
        6  abcdef  0.46 ─┐                     │
                         ├─ 7 0.58 ─┐          │
        7  abcdefg 0.54 ─┘          │          │
                                    ├─ 7 0.64 ─┘
        2  ab      0.29 ─┐          │
                         ├─ 5 0.42 ─┘
        5  abcde   0.71 ─┘
      "
    `);
  });

  it('marks judgments that the order decided, and says where none was made', async () => {
    const candidates = ['aa', 'b', 'aa', 'b'];
    const text = bracket(candidates, await held(candidates, (pair) => verdict(pair, false)), plain);
    expect(text).toContain('~ ');
    expect(text).toContain('named another answer when the two were shown in the other order');
    const same = ['a', 'a'];
    expect(bracket(same, await held(same), plain)).toContain('same: equal texts, nothing to judge');
    const none = await held(['a', 'bb'], (pair) => ({ ...verdict(pair), winner: null }));
    expect(bracket(['a', 'bb'], none, plain)).toContain('none: no verdict, the first goes on');
  });

  it('keeps to the width, whatever the answers say and however many there are', async () => {
    for (const count of [2, 7, 16, 40])
      for (const width of [40, 60, 100]) {
        const candidates = Array.from({ length: count }, (_, i) => `好\n\x1b[31m${'word '.repeat(i)}`);
        const text = bracket(candidates, await held(candidates), { ...plain, width });
        const most = Math.max(...text.split('\n').map((line) => textWidth(line)));
        expect(most).toBeLessThanOrEqual(width);
        expect(text).not.toContain('\x1b');
      }
  });

  it('is the same text in colours', async () => {
    const candidates = named(5);
    const paint = painter({ isTTY: true, write: () => {} }, {});
    const result = await held(candidates);
    const coloured = bracket(candidates, result, { paint, width: 80 });
    expect(coloured).toContain('\x1b[32m');
    // eslint-disable-next-line no-control-regex -- what is taken away are styles
    expect(coloured.replace(/\x1b\[\d+m/g, '')).toBe(bracket(candidates, result, plain));
  });
});
