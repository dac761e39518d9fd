import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

import { parseJson } from './jsonText.js';
import { JinjaTemplate } from './template.js';
import type { Dict, Value } from './values.js';

const path = fileURLToPath(new URL('../../../../benchmarks/peers/fixtures/jinja.json', import.meta.url));
const fixture = parseJson(readFileSync(path, 'utf8')) as Dict;
const context = (fixture.get('context') as Dict).entries() as [string, Value][];
const templates = fixture.get('templates') as [string, string | null][];

function rendered(source: string): string | null {
  try {
    return new JinjaTemplate(source).render(context, { budget: 100_000, now: new Date(2026, 10, 29) });
  } catch {
    return null;
  }
}

describe("Jinja2's own renderings", () => {
  it(`are equal: ${templates.length} templates`, () => {
    const others = templates.filter(([source, text]) => rendered(source) !== text);
    expect(others.map(([source, text]) => ({ source, text, ours: rendered(source) }))).toEqual([]);
  });
});

describe('what Python prints and is refused here by name', () => {
  it.each([
    ['{{ range }}', /place in memory/],
    ['{{ l|map("string") }}', /place in memory/],
    ['{{ 1.0.real }}', /float.real is not supported/],
    ['{{ s.encode() }}', /str.encode is not supported/],
    ['{{ lipsum() }}', /chance/],
    ['{{ "\\N{BULLET}" }}', /by name/],
    ['{{ s|wordwrap }}', /'wordwrap' is not supported/],
    ['{{ ("<b>"|escape).lower() }}', /marked safe/],
    ['{{ self }}', /'self' is not supported/],
    ['{{ "٣"|int }}', /other scripts/],
    ['{{ "a" is sameas "a" }}', /Python's memory/],
    ['{{ 10 ** 5000 }}', /more than 4096 bits/],
    ['{% autoescape true %}{% endautoescape %}', /autoescape/],
  ])('%s', (source, reason) => {
    expect(() => new JinjaTemplate(source).render(context, { budget: 100_000, now: new Date() })).toThrow(
      reason,
    );
  });
});

describe('strftime_now', () => {
  const told = (format: string, now = new Date(2026, 0, 3, 15, 4, 5)) =>
    new JinjaTemplate(`{{ strftime_now('${format}') }}`).render([], { budget: 1000, now });

  // python: datetime(2026, 1, 3, 15, 4, 5).strftime(...)
  it("formats as Python's", () => {
    expect(told('%Y-%m-%d %H:%M:%S')).toBe('2026-01-03 15:04:05');
    expect(told('%a %A %b %B %d %-d %e %y %j %I %p %%')).toBe(
      'Sat Saturday Jan January 03 3  3 26 003 03 PM %',
    );
    expect(told('%F %T %D %R %U %W %V %G %u %w')).toBe(
      '2026-01-03 15:04:05 01/03/26 15:04 00 00 01 2026 6 6',
    );
    expect(told('%c|%x|%X|%f|%Z|%z')).toBe('Sat Jan  3 15:04:05 2026|01/03/26|15:04:05|000000||');
    expect(told('%V %G %U %j', new Date(2027, 0, 1))).toBe('53 2026 00 001');
    expect(() => told('%Q')).toThrow(/'%Q' is not supported/);
  });
});
