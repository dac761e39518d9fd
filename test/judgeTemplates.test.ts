// What docs/judge-templates.md shows runs as it stands, on a model of a few bytes.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { shippedTemplates } from '@selfjudge/judging';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowsOf, run, temporaryFolder } from './support/cli.js';
import { repository } from './support/scratchRepository.js';
import { saveTinyModel } from './support/tinyModel.js';

const page = readFileSync(join(repository, 'docs/judge-templates.md'), 'utf8');
const { path: cwd, remove } = temporaryFolder();
const block = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, text]) => text);

beforeAll(async () => {
  await saveTinyModel(join(cwd, 'model'), { words: [' A', ' B'] });
  const [file, ...more] = block('yaml');
  expect([more.length, block('jsonl').length, block('sh').length]).toEqual([0, 1, 2]);
  writeFileSync(join(cwd, 'manners.yaml'), file);
  writeFileSync(join(cwd, 'manners.jsonl'), block('jsonl')[0]);
  mkdirSync(join(cwd, 'runs'));
});
afterAll(remove);

it('names every template that is shipped', () => {
  const named = [...page.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell]) => [
    ...cell.matchAll(/`([\w-]+)`/g),
  ]);
  expect(named.map(([, name]) => name)).toEqual(expect.arrayContaining(shippedTemplates()));
});

describe('its commands', () => {
  const commands = block('sh')
    .flatMap((text) => text.trimEnd().split('\n'))
    .map((line) => line.replace(/#.*/, '').replace('MODEL', 'model').trim().split(/\s+/).slice(1));

  it('run, one after the other', async () => {
    const outputs: string[] = [];
    for (const command of commands) {
      const { code, stdout, stderr } = await run(command, { cwd });
      expect(code, `${command.join(' ')}\n${stderr}`).toBe(0);
      outputs.push(stdout);
      if (command[0] === 'jsft') expect(stderr).not.toContain('have no label');
    }
    const [list, show, , check, inspect] = outputs;
    expect(list).toContain('principles-first\n  One question a principle,');
    expect(show).toBe(readFileSync(join(repository, 'packages/judging/templates/plain.yaml'), 'utf8'));
    expect(check).toMatch(/^verdict +" A" \d+$/m);
    expect(check).toContain('  Tact is to say what is so without hurting.');
    // The example's system turn is dropped.
    expect(check).toContain('User: What is the capital of Australia?\n');
    expect(check).not.toContain('Be brief.');
    // Two questions of the first row, one of the second, in both orders.
    expect(inspect).toContain('2 judge examples · 6 sequences');
    const verdicts = rowsOf(readFileSync(join(cwd, 'verdicts.jsonl'), 'utf8'));
    expect(
      verdicts.map(({ votes }) => (votes as { principle: string }[]).map(({ principle }) => principle)),
    ).toEqual([
      ['tact', 'clarity'],
      ['tact', 'clarity'],
    ]);
  }, 180_000);

  it('say what is wrong, and with which code', async () => {
    const question = 'user: "{context} {response_a} {response_b}"\nname: n\n';
    writeFileSync(
      join(cwd, 'space.yaml'),
      `${question}assistant: "Better:"\nverdicts: { a: " One", b: " B" }\n`,
    );
    const refused = await run(['template', 'check', 'space.yaml', '-m', 'model'], { cwd });
    expect(refused.code).toBe(1);
    expect(refused.stdout).toMatch(/" One" refused, one token here would be "O"\n/);
    expect(refused.stdout).toMatch(
      /^overall: verdict " One": expected one token after ".*", received 4 tokens/m,
    );
    writeFileSync(join(cwd, 'word.yaml'), `${question}assistant: "Better by {principel}:"\n`);
    const word = await run(['template', 'check', 'word.yaml', '--json'], { cwd });
    expect([word.code, word.stdout]).toEqual([2, '']);
    expect(word.stderr).toContain(
      "as text it is {{principel}}, received {principel} (did you mean '{principle}'?)",
    );
    const auto = await run(['template', 'check', 'auto'], { cwd });
    expect([auto.code, auto.stderr]).toEqual([
      2,
      expect.stringContaining('auto is the template beside its weights'),
    ]);
  });
});
