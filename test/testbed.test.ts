/// <reference lib="dom" />
// What is committed of the testbed is what its rows say, a browser shows it, and one seed of it still comes out so.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { afterAll, expect, it } from 'vitest';
import { temporaryFolder } from './support/cli.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const committed = (name: string) => readFileSync(join(root, 'docs/results', name), 'utf8');
const { path: folder, remove } = temporaryFolder();
afterAll(remove);

/** What a script of test/support prints, as JSON. */
async function printed<T>(script: string, args: string[] = [], env: Record<string, string> = {}): Promise<T> {
  const path = fileURLToPath(new URL(`support/${script}`, import.meta.url));
  const options = { env: { ...process.env, ...env }, maxBuffer: 2 ** 26 };
  return JSON.parse((await promisify(execFile)(process.execPath, [path, ...args], options)).stdout) as T;
}

it('the pages are those of the committed rows', async () => {
  const pages = await printed<{ markdown: string; html: string }>('testbedPages.mjs');
  expect(committed('testbed.md')).toBe(pages.markdown);
  expect(committed('testbed.html')).toBe(pages.html);
});

it('the page asks for nothing, and nothing is wider than the window but tables, which scroll', async () => {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  try {
    for (const [width, scheme] of [
      [1280, 'light'],
      [400, 'dark'],
    ] as const) {
      const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme });
      const said: string[] = [];
      page.on('console', (message) => said.push(message.text()));
      page.on('pageerror', (error) => said.push(error.message));
      page.on('request', (request) => {
        if (!/^(file|data):/.test(request.url())) said.push(`asked for ${request.url()}`);
      });
      await page.goto(pathToFileURL(join(root, 'docs/results/testbed.html')).href);
      expect(said).toEqual([]);
      const links = await page.locator('nav a').evaluateAll((all) => all.map((a) => a.getAttribute('href')));
      const sections = await page.locator('section[id]').evaluateAll((all) => all.map(({ id }) => `#${id}`));
      expect(links).toEqual(sections);
      expect(sections).toContain('#what-the-paper-claims');
      expect(await page.locator('figure svg').count()).toBeGreaterThan(1);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      const pictures = process.env.SELFJUDGE_PICTURES;
      if (pictures !== undefined)
        await page.screenshot({ path: join(pictures, `testbed-${width}.png`), fullPage: true });
      await page.close();
    }
  } finally {
    await browser.close();
  }
});

interface Row {
  rungs: { name: string; gold: number }[];
  bestOf: { name: string; rows: { n: number; plain: { value: number }; held: { value: number } }[] }[];
}

/** What the table is about, as differences in gold of one seed. */
function effects({ rungs, bestOf }: Row): Record<string, number> {
  const gold = (name: string) => rungs.find((rung) => rung.name === name)!.gold;
  const { rows } = bestOf.find(({ name }) => name === 'JSFT')!;
  const [one, , sixteen] = rows;
  return {
    'self-training less its start': gold('SELF-JUDGE') - gold('JSFT'),
    'best of 16 less one': sixteen.plain.value - one.plain.value,
    'best of 16 + reference less one': sixteen.held.value - one.held.value,
  };
}

it('one seed comes out with at least half of each committed effect', async () => {
  const { path, rows } = JSON.parse(committed('testbed/check.json')) as {
    path: string;
    rows: { seed: number; result: Row }[];
  };
  const [{ seed, result }] = rows;
  expect([path, seed]).toEqual(['avx2', 1]);
  const was = effects(result);
  const is = effects(await printed<Row>('testbedSeed.mjs', [folder], { SELFJUDGE_CPU: path }));
  for (const [name, effect] of Object.entries(was)) {
    expect(effect, name).toBeGreaterThan(0.01);
    expect(is[name], name).toBeGreaterThan(effect / 2);
  }
}, 240_000);
