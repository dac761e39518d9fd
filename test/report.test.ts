/// <reference lib="dom" />
// The report of a run in a real browser: it asks for nothing, says nothing to the console, and has every part of it, at
// the widths of a telephone and of a desk.
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, temporaryFolder } from './support/cli.js';
import { saveTinyModel, writeRows } from './support/tinyModel.js';

const { path: cwd, remove } = temporaryFolder();
const words = (text: string) => text.split(' ');
const SECTIONS = [
  'reading',
  'curves',
  'judge',
  'samples',
  'tournaments',
  'configuration',
  'environment',
  'lineage',
];
let browser: Browser;

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  await saveTinyModel(join(cwd, 'model'));
  await saveTinyModel(join(cwd, 'other'), { seed: 9 });
  writeRows(
    cwd,
    'pairs.jsonl',
    Array.from({ length: 200 }, (_, i) => ({
      prompt: `<b>Question ${i}?</b>`,
      chosen: 'Yes.',
      rejected: 'No idea.',
    })),
  );
  writeRows(
    cwd,
    'held.jsonl',
    Array.from({ length: 40 }, (_, i) => ({
      prompt: `What of ${i}?`,
      chosen: i % 3 === 0 ? 'Yes, and for more than one reason.' : 'Yes.',
      rejected: 'No idea.',
    })),
  );
  const shared = words('--dtype float32 --dataset_name pairs.jsonl --max_steps 12 --train_batch_size 4');
  const jsft = await run(
    [
      'jsft',
      '-m',
      'model',
      ...shared,
      '--judge_batch_size',
      '4',
      '--output_dir',
      'jsft',
      '--judge_template',
      'principles',
      ...words('--eval_dataset_name held.jsonl --eval_steps 6 --select_by judge'),
    ],
    { cwd },
  );
  expect(jsft.stderr).toMatch(/^report: jsft\/report.html$/m);
  const tuned = await run(
    ['self-train', '-m', 'jsft', ...shared]
      .concat(
        words(
          '--output_dir self --max_new_tokens 12 --missing_eos keep --eval_steps 3 --outside_judge other',
        ),
      )
      .concat(words('--learning_rate 1e-3')),
    { cwd },
  );
  expect(tuned.stderr).toMatch(/^report: self\/report.html$/m);
  const imitated = await run(
    words(
      'raft -m jsft --dtype float32 --dataset_name pairs.jsonl --max_steps 2 --train_batch_size 2',
    ).concat(
      words('--num_generations 5 --max_new_tokens 12 --missing_eos keep --temperature 2 --output_dir raft'),
    ),
    { cwd },
  );
  expect(imitated.stderr).toMatch(/^report: raft\/report.html$/m);
}, 120_000);
afterAll(async () => {
  await browser?.close();
  remove();
});

/** Opens a page; whatever it says or asks for is kept. */
async function opened(path: string, width = 1280, scheme: 'light' | 'dark' = 'light') {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme });
  const said: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(error.message));
  page.on('request', (request) => {
    if (!/^(file|data):/.test(request.url())) said.push(`asked for ${request.url()}`);
  });
  await page.goto(pathToFileURL(join(cwd, path)).href);
  return { page, said };
}

/** The page as a picture, where somebody wants to look at it. */
async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.SELFJUDGE_PICTURES;
  if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

describe('the report of a run', () => {
  it.each(['jsft', 'self', 'raft'])(
    '%s: has every section and draws every chart, without a word to the console',
    async (name) => {
      const looked = process.env.SELFJUDGE_PICTURES !== undefined;
      const SIZES = [
        [1280, 'light'],
        [400, 'dark'],
        ...(looked
          ? ([
              [800, 'light'],
              [800, 'dark'],
              [1280, 'dark'],
              [400, 'light'],
            ] as const)
          : []),
      ] as const;
      for (const [width, scheme] of SIZES) {
        const { page, said } = await opened(`${name}/report.html`, width, scheme);
        expect(said).toEqual([]);
        expect(await page.locator('section').evaluateAll((all) => all.map(({ id }) => id))).toEqual(SECTIONS);
        expect(await page.locator('.reading li').count()).toBe(4);
        const charts = await page.locator('.chart').count();
        expect(charts).toBeGreaterThan(3);
        expect(await page.locator('.chart canvas').count()).toBe(charts);
        // Nothing is wider than the window.
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
        await picture(page, `${name}-${width}-${scheme}`);
        await page.close();
      }
    },
  );

  it('shows texts of rows as texts, both orders of each question, and who won', async () => {
    const { page, said } = await opened('self/report.html');
    expect(await page.locator('.prompt').first().textContent()).toMatch(/^(user: )?<b>Question \d+\?<\/b>$/);
    expect(await page.locator('.pair b').count()).toBe(0);
    expect(await page.locator('.votes tbody tr').count()).toBeGreaterThan(3);
    expect(await page.locator('.answer.wins').count()).toBeGreaterThan(0);
    expect(await page.locator('.reading').textContent()).toContain('An outside judge prefers the answers');
    expect(said).toEqual([]);
    await page.close();
  });

  it('says how far the judge can be believed, by its confidence and by length', async () => {
    const { page, said } = await opened('jsft/report.html');
    const panel = page.locator('#judge');
    expect(await panel.textContent()).toMatch(
      /asked \d+ questions about 40 held-out pairs, each in both orders/,
    );
    expect(await panel.textContent()).toContain('expected calibration error');
    expect(await panel.locator('figcaption').first().textContent()).toContain('Reliability');
    const heads = await panel.locator('.groups thead').allTextContents();
    expect(heads).toEqual(['Confidencequestionsmean marginright', 'Lengthquestionsright']);
    expect(await panel.locator('.groups').last().locator('tbody tr').count()).toBe(2);
    expect(await page.locator('header').textContent()).toMatch(
      /step \d+ kept, best by eval_judge_accuracy on 40/,
    );
    expect(await page.locator('.reading').textContent()).toMatch(/of 40 held-out pairs at step \d+/);
    const other = await opened('self/report.html');
    expect(await other.page.locator('#judge').textContent()).toContain('was not measured in this run');
    expect([...said, ...other.said]).toEqual([]);
    for (const one of [page, other.page]) await one.close();
  });

  it('shows tournaments as brackets: of raft, and of answers chosen by best_of', async () => {
    const { page, said } = await opened('raft/report.html');
    // Two prompts of each step; five answers play 4 matches in 3 rounds, and one sits out in the first and in the second.
    expect(await page.locator('.bracket').count()).toBe(4);
    expect(await page.locator('.bracket').first().locator('ol').count()).toBe(3);
    expect(await page.locator('.bracket').first().locator('li').count()).toBe(6);
    const file = ['--count', '1', '--best_of', '6', '--max_new_tokens', '8', '--out', 'answers.jsonl'];
    writeRows(cwd, 'asked.jsonl', [{ prompt: '<i>Why?</i>' }]);
    const answered = await run(['generate', 'asked.jsonl', '-m', 'jsft', '--dtype', 'float32', ...file], {
      cwd,
    });
    expect(answered.code, answered.stderr).toBe(0);
    expect((await run(['runs', 'open', 'raft', '--answers', 'answers.jsonl'], { cwd })).code).toBe(0);
    await page.reload();
    expect(await page.locator('.bracket').count()).toBe(5);
    expect(await page.locator('#tournaments .prompt').last().textContent()).toContain('<i>Why?</i>');
    expect(await page.locator('#tournaments i').count()).toBe(0);
    const wrong = await run(['runs', 'open', 'raft', '--answers', 'pairs.jsonl'], { cwd });
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('generate --best_of') as string });
    expect(said).toEqual([]);
    await page.close();
  });

  it('stays fluid with 20,000 steps, and takes the width that a window is given', async () => {
    mkdirSync(join(cwd, 'long'), { recursive: true });
    writeFileSync(join(cwd, 'long/config.yaml'), readFileSync(join(cwd, 'self/config.yaml')));
    const rows = Array.from({ length: 20_000 }, (_, i) =>
      JSON.stringify({
        step: i + 1,
        epoch: i / 100,
        loss: Math.sin(i / 500),
        'sampling/kl': i / 1e4,
        'judge/margin': null,
      }),
    );
    appendFileSync(join(cwd, 'long/metrics.jsonl'), `${rows.join('\n')}\n`);
    expect((await run(['runs', 'open', 'long'], { cwd })).stdout).toBe('long/report.html\n');
    const { page, said } = await opened('long/report.html');
    const draw = () =>
      page.evaluate(async () => {
        const start = performance.now();
        window.dispatchEvent(new Event('resize'));
        for (let i = 0; i < 10; i++) await new Promise(requestAnimationFrame);
        return (performance.now() - start) / 10;
      });
    // A frame of a pointer that moves, on a machine that may be busy.
    expect(await draw()).toBeLessThan(100);
    await page.setViewportSize({ width: 640, height: 900 });
    await page.waitForFunction(() => document.querySelector('.chart')!.clientWidth < 640);
    await page.waitForFunction(() => {
      const [place, canvas] = ['.chart', '.chart .uplot'].map((name) => document.querySelector(name)!);
      return Math.abs(canvas.clientWidth - place.clientWidth) < 2;
    });
    expect(said).toEqual([]);
    await page.close();
  });

  it('refuses what is no run', async () => {
    const refused = await run(['runs', 'open', 'model'], { cwd });
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('expected a run folder') });
  });
});
