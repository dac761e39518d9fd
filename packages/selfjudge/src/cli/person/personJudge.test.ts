import { expect, it } from 'vitest';
import { PersonJudge, TakeBack } from './personJudge.js';

/** A person with these keys, and what is on the screen. */
function personWith(pressed: readonly (string | undefined)[], seed = 0) {
  const keys = [...pressed];
  const shown: string[] = [];
  const screen = { columns: 60, write: (text: string) => void shown.push(text) };
  const person = new PersonJudge({ screen, keys: { next: async () => keys.shift(), close: () => {} } }, seed);
  return { person, shown: () => shown.join('') };
}
const pairs = Array.from({ length: 40 }, (_, i) => ({ prompt: `q${i}`, a: `left ${i}`, b: `right ${i}` }));

it('is shown either answer first, as the seed and the pair say, whatever company the pair has', async () => {
  const firsts = async (seed: number, of = pairs) => {
    const verdicts = await personWith(
      of.map(() => '1'),
      seed,
    ).person.compare(of);
    for (const { winner, evidence, probability } of verdicts) {
      expect(evidence).toEqual({ kind: 'person', shownFirst: winner });
      expect(probability).toBe(Number(winner === 'a'));
    }
    return verdicts.map(({ winner }) => winner);
  };
  const first = await firsts(0);
  const left = first.filter((winner) => winner === 'a').length;
  expect(left).toBeGreaterThan(10);
  expect(left).toBeLessThan(30);
  expect(await firsts(1)).not.toEqual(first);
  expect(await firsts(0, pairs.toReversed())).toEqual(first.toReversed());
});

it('says ties, nothing, and takes no other key; shows text that moves no cursor, broken at the width', async () => {
  const { person, shown } = personWith(['x', '\r', 'T', 's', '2']);
  const long = { prompt: 'a question', a: `red \x1b[31m ${'word '.repeat(30)}`, b: '' };
  const verdicts = await person.compare([long, long, long]);
  expect(verdicts.map(({ winner, reason }) => [winner, reason])).toEqual([
    ['tie', undefined],
    [null, 'skipped'],
    [expect.stringMatching(/^[ab]$/), undefined],
  ]);
  expect(shown()).toContain('red ␛[31m');
  expect(shown()).toContain('(no text)');
  expect(
    Math.max(
      ...shown()
        .split('\n')
        .map((line) => line.length),
    ),
  ).toBeLessThanOrEqual(60);
});

it('takes back, and leaves', async () => {
  await expect(personWith(['u']).person.compare(pairs)).rejects.toThrow(TakeBack);
  for (const key of ['q', '\x03', undefined])
    await expect(personWith([key]).person.compare(pairs)).rejects.toThrow(
      expect.objectContaining({ name: 'AbortError' }),
    );
});
