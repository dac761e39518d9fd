import { TemplateError } from './errors.js';

const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');
const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
);
const DAY_MS = 86_400_000;

/** datetime.strftime in the C locale, as glibc formats it. */
export function strftime(format: string, now: Date): string {
  return format.replace(/%([-_0^#]?)([^])?/g, (field, flag: string, letter: string | undefined) => {
    if (letter === undefined) return field;
    const code = FIELDS[letter] as ((now: Date) => string) | undefined;
    if (code === undefined) throw new TemplateError(`strftime_now: '${field}' is not supported`);
    return flagged(code(now), flag);
  });
}

function flagged(text: string, flag: string): string {
  if (flag === '-') return text.replace(/^[0 ]+(?=\d)/, '');
  if (flag === '_') return text.replace(/^0+(?=\d)/, (zeros) => ' '.repeat(zeros.length));
  if (flag === '0') return text.replace(/^ +(?=\d)/, (blanks) => '0'.repeat(blanks.length));
  return flag === '^' || flag === '#' ? text.toUpperCase() : text;
}

const pad = (value: number, width = 2, fill = '0'): string => String(value).padStart(width, fill);
const hour12 = (now: Date): number => now.getHours() % 12 || 12;
const midnight = (year: number, month: number, day: number): number => Date.UTC(year, month, day);

function dayOfYear(now: Date): number {
  const days = midnight(now.getFullYear(), now.getMonth(), now.getDate()) - midnight(now.getFullYear(), 0, 1);
  return days / DAY_MS + 1;
}

/** Weeks of the year that begin on `first` (0 is Sunday); days before the first such day are in week 0. */
const week = (now: Date, first: number): number =>
  Math.floor((dayOfYear(now) + 6 - ((now.getDay() + 7 - first) % 7)) / 7);

/** The year and week of ISO 8601: a week belongs to the year of its Thursday. */
function isoWeek(now: Date): { year: number; week: number } {
  const thursday = new Date(
    midnight(now.getFullYear(), now.getMonth(), now.getDate() + 3 - ((now.getDay() + 6) % 7)),
  );
  const year = thursday.getUTCFullYear();
  return { year, week: Math.floor((thursday.getTime() - midnight(year, 0, 1)) / DAY_MS / 7) + 1 };
}

const FIELDS: Record<string, (now: Date) => string> = {
  a: (now) => DAYS[now.getDay()].slice(0, 3),
  A: (now) => DAYS[now.getDay()],
  b: (now) => MONTHS[now.getMonth()].slice(0, 3),
  B: (now) => MONTHS[now.getMonth()],
  c: (now) => strftime('%a %b %e %H:%M:%S %Y', now),
  C: (now) => pad(Math.floor(now.getFullYear() / 100)),
  d: (now) => pad(now.getDate()),
  D: (now) => strftime('%m/%d/%y', now),
  e: (now) => pad(now.getDate(), 2, ' '),
  f: (now) => pad(now.getMilliseconds() * 1000, 6),
  F: (now) => strftime('%Y-%m-%d', now),
  g: (now) => pad(isoWeek(now).year % 100),
  G: (now) => String(isoWeek(now).year),
  h: (now) => MONTHS[now.getMonth()].slice(0, 3),
  H: (now) => pad(now.getHours()),
  I: (now) => pad(hour12(now)),
  j: (now) => pad(dayOfYear(now), 3),
  k: (now) => pad(now.getHours(), 2, ' '),
  l: (now) => pad(hour12(now), 2, ' '),
  m: (now) => pad(now.getMonth() + 1),
  M: (now) => pad(now.getMinutes()),
  n: () => '\n',
  p: (now) => (now.getHours() < 12 ? 'AM' : 'PM'),
  P: (now) => (now.getHours() < 12 ? 'am' : 'pm'),
  r: (now) => strftime('%I:%M:%S %p', now),
  R: (now) => strftime('%H:%M', now),
  s: (now) => String(Math.floor(now.getTime() / 1000)),
  S: (now) => pad(now.getSeconds()),
  t: () => '\t',
  T: (now) => strftime('%H:%M:%S', now),
  u: (now) => String(now.getDay() || 7),
  U: (now) => pad(week(now, 0)),
  V: (now) => pad(isoWeek(now).week),
  w: (now) => String(now.getDay()),
  W: (now) => pad(week(now, 1)),
  x: (now) => strftime('%m/%d/%y', now),
  X: (now) => strftime('%H:%M:%S', now),
  y: (now) => pad(now.getFullYear() % 100),
  Y: (now) => String(now.getFullYear()),
  // A datetime without a time zone has nothing to say here.
  z: () => '',
  Z: () => '',
  '%': () => '%',
};
