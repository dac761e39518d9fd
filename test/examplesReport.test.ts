// The page of the example on human preferences, from a folder as its run leaves it, small enough to count by hand.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { figuresOf } from '../examples/hh-smollm2/figures.mjs';
import { intervalsOf, rateOver } from '../examples/hh-smollm2/overSeeds.mjs';
import { pageOf } from '../examples/hh-smollm2/page.mjs';

const root = mkdtempSync(join(tmpdir(), 'examples-report-'));
afterAll(() => rmSync(root, { recursive: true }));

const RUNS = ['sft', 'jsft', 'dpo', 'rso', 'self-train'];
const prompts = [0, 1, 2, 3].map((i) => [{ role: 'user', content: `Question ${i}?` }]);
/** Longer answers get more, but for those of DPO to the last prompt: less than any. */
const textOf = (name: string, i: number) =>
  name === 'people' ? 'p'.repeat(9) : `${name} ${'x'.repeat(RUNS.indexOf(name))}${i}`;
const rewardOf = (completion: string) => (completion === textOf('dpo', 3) ? -1 : completion.length);

function write(path: string, rows: object[]): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

function writeRun(path: string): void {
  const metrics = { 'time/update': 30, 'sampling/kl': 0.25, 'judge/longer_rate': 0.75 };
  write(
    join(path, 'metrics.jsonl'),
    [1, 2].map((step) => ({ step, ...metrics })),
  );
  write(join(path, 'environment.json'), [{ cpu: 'a CPU', cpus: 2, device: 'cpu', path: 'portable' }]);
}

function writeFolder(folder: string, seeds: number[]): string {
  write(
    join(folder, 'data', 'test.jsonl'),
    prompts.map((prompt, i) => ({ prompt, chosen: textOf('people', i), rejected: 'no' })),
  );
  write(join(folder, 'data', 'train.jsonl'), [{}, {}, {}]);
  writeRun(join(folder, 'outside-judge'));
  for (const seed of seeds) {
    const at = (...name: string[]) => join(folder, `seed-${seed}`, ...name);
    const texts: { prompt: object; completion: string }[] = prompts.map((prompt, i) => ({
      prompt,
      completion: textOf('people', i),
    }));
    for (const name of RUNS) {
      writeRun(at(name));
      const rows = prompts.map((prompt, i) => ({ prompt, completion: textOf(name, i) }));
      texts.push(...rows);
      write(
        at('answers', `${name}.jsonl`),
        rows.map((row, i) => ({ ...row, finish: i === 0 ? 'length' : 'eos' })),
      );
    }
    for (const name of ['jsft', 'self-train']) {
      const more = prompts
        .slice(0, 2)
        .map((prompt) => ({ prompt, completions: ['bb', 'a much longer answer'] }));
      write(at('answers', `${name}.more.jsonl`), more);
      more.forEach(({ prompt, completions }) =>
        completions.forEach((completion) => texts.push({ prompt, completion })),
      );
      // The frozen judge named the shorter once in three, which the outside judge never does.
      const matches = [
        { a: 0, b: 1, winner: 'a' },
        { a: 1, b: 2, winner: 'b' },
        { a: 0, b: 2, winner: 'a' },
      ];
      write(at('answers', `${name}.best.jsonl`), [
        { plain: 2, reference: 0, matches },
        { plain: 1, reference: 2, matches: [] },
      ]);
    }
    write(
      at('rewards.jsonl'),
      texts.map((row) => ({ ...row, reward: rewardOf(row.completion) })),
    );
    const rate = { value: 0.6, low: 0.5, high: 0.7, n: 4 };
    const judge = { accuracy: rate, longerChosen: rate, shorterChosen: rate, alwaysLonger: rate };
    write(at('agreement.json'), [{ judge, outsideJudge: judge }]);
  }
  return folder;
}

it('counts wins, lengths, cut answers and who is believed', () => {
  const { seeds, labels, outsideMinutes } = figuresOf(writeFolder(join(root, 'one'), [1]));
  expect([labels, outsideMinutes, seeds.length]).toEqual([3, 1, 1]);
  const [{ systems, direct, decay, steps }] = seeds;
  const rates = Object.fromEntries(
    systems.map(({ name, againstSft }: { name: string; againstSft?: { rate: { value: number } } }) => [
      name,
      againstSft?.rate.value,
    ]),
  );
  expect(rates).toEqual({
    people: 1,
    sft: undefined,
    jsft: 1,
    dpo: 0.75,
    rso: 1,
    'self-train': 1,
    'jsft+plain': 0.5, // 'a much longer answer' and 'bb'
    'jsft+reference': 1,
    'self-train+plain': 0.5,
    'self-train+reference': 1,
  });
  const self = systems.find(({ name }: { name: string }) => name === 'self-train');
  expect(self).toMatchObject({ characters: 16, cut: 0.25, refusals: { helpful: 0, harmless: undefined } });
  expect(
    direct.map(({ a, b, rate }: { a: string; b: string; rate: { value: number } }) => [a, b, rate.value]),
  ).toEqual([
    ['self-train', 'jsft', 1],
    ['self-train', 'dpo', 1],
    ['self-train', 'rso', 1],
    ['jsft+plain', 'jsft', 0.5],
    ['jsft+reference', 'jsft', 0.75],
    ['self-train+plain', 'self-train', 0.5],
    ['self-train+reference', 'self-train', 0.75],
  ]);
  expect(decay[0]).toEqual({ name: 'jsft', pairs: 3, agreement: 2 / 3, longer: 2 / 3, outsideLonger: 1 });
  expect(steps).toEqual({ sft: 2, jsft: 2, dpo: 2, rso: 2, 'self-train': 2 });
});

it('writes a page for one, two and three seeds without a figure that is none', () => {
  for (const n of [1, 2, 3]) {
    const seeds = Array.from({ length: n }, (_, i) => i + 1);
    const figures = figuresOf(writeFolder(join(root, `page-${n}`), seeds));
    // Student's t needs seeds that differ.
    figures.seeds.forEach(vary);
    const page = pageOf(figures);
    expect(page).not.toMatch(/NaN|undefined/);
    expect(page).toContain(n === 3 ? 'over seeds 1, 2, 3' : 'over prompts');
    expect(page).toContain('| SELF-JUDGE against JSFT |');
  }
});

interface Rated {
  rate: { value: number };
  lengthControlled: { value: number };
}
function vary({
  seed,
  systems,
  direct,
}: {
  seed: number;
  systems: { againstSft?: Rated }[];
  direct: Rated[];
}): void {
  for (const one of [...systems.flatMap(({ againstSft }) => againstSft ?? []), ...direct]) {
    one.rate.value -= seed / 100;
    one.lengthControlled.value -= seed / 100;
  }
}

it('gives intervals over seeds from three on, else over prompts', () => {
  const of = (value: number, winners: string[]) => ({
    rate: { value, low: 0, high: 1, n: 2 },
    lengthControlled: { value, low: 0, high: 1, n: 2 },
    winners,
  });
  const [one, two, three] = [of(0.5, ['a', 'b']), of(1, ['a', 'a']), of(0.75, ['a', 'tie'])];
  expect(rateOver([one], 'rate')).toBe(one.rate);
  expect(rateOver([one, two], 'rate')).toMatchObject({ value: 0.75, low: 0.5, high: 1 });
  expect(rateOver([one, two], 'lengthControlled')).toEqual({ value: 0.75 });
  // t of two degrees of freedom at 0.975, times 0.25 / sqrt(3).
  const half = (4.302652729911275 * 0.25) / Math.sqrt(3);
  const { value, low, high } = rateOver([one, two, three], 'rate') as {
    value: number;
    low: number;
    high: number;
  };
  expect([value, low, high]).toEqual([0.75, expect.closeTo(0.75 - half, 9), expect.closeTo(0.75 + half, 9)]);
  expect(intervalsOf([4])).toContain('one seed (4)');
});

it('refuses a folder without a complete seed, and an answer that nobody scored', () => {
  const folder = writeFolder(join(root, 'broken'), [1]);
  write(join(folder, 'seed-1', 'rewards.jsonl'), []);
  expect(() => figuresOf(folder)).toThrow(/an answer has no reward/);
  rmSync(join(folder, 'seed-1', 'agreement.json'));
  expect(() => figuresOf(folder)).toThrow(/no seed is complete/);
});
