import { ArgumentError } from '@selfjudge/base';
import type { Check } from '@selfjudge/base/checks';

/**
 * Variables of a chat template beside the conversation, as transformers' apply_chat_template takes them: `tools`,
 * `documents`, and what a template asks for (`enable_thinking`, `reasoning_effort`, `date_string`, ...). JSON.
 */
export interface TemplateArguments {
  /** JSON schemas of functions. An empty list is none, as in TRL. */
  tools?: object[] | null;
  documents?: object[] | null;
  [variable: string]: unknown;
}

/** What a tokenizer tells its chat template whenever it renders. */
export interface TemplateSettings {
  /** Those of a row go before these. */
  arguments?: TemplateArguments;
  /** The moment that `strftime_now` tells, as momentText writes it. Default: when the tokenizer was made. */
  now?: string;
}

/** Variables that the rendering itself sets. */
const RESERVED = ['messages', 'add_generation_prompt'];
const NAME = /^[A-Za-z_]\w*$/;

/** Why `value` is no template arguments; undefined for some. */
export function templateArgumentsFault(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return 'expected an object of variables';
  for (const [name, given] of Object.entries(value)) {
    if (RESERVED.includes(name)) return `'${name}' is set by the rendering itself`;
    if (!NAME.test(name)) return `'${name}' is no name of a variable`;
    if ((name === 'tools' || name === 'documents') && given !== null && given !== undefined) {
      const isList = Array.isArray(given) && given.every((item) => typeof item === 'object' && item !== null);
      if (!isList)
        return `${name}: expected a list of objects, received ${JSON.stringify(given)?.slice(0, 60)}`;
    }
  }
  return undefined;
}

const MOMENT = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d):(\d\d))?$/;

/** A day, or a day and a time, in the local time zone: '2026-11-29' or '2026-11-29T09:15:00'. @returns undefined for another text */
export function parseMoment(text: string): Date | undefined {
  const match = MOMENT.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  const moment = new Date(year, month - 1, day, hour, minute, second);
  return momentText(moment).startsWith(match[0].replace(' ', 'T')) ? moment : undefined;
}

/** A moment as `parseMoment` reads it, to the second. */
export function momentText(moment: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = [
    String(moment.getFullYear()).padStart(4, '0'),
    two(moment.getMonth() + 1),
    two(moment.getDate()),
  ];
  return `${day.join('-')}T${[moment.getHours(), moment.getMinutes(), moment.getSeconds()].map(two).join(':')}`;
}

/** Throws for what is no template arguments. */
export const templateArguments: Check = (value, what, where) => {
  const fault = templateArgumentsFault(value);
  if (fault !== undefined)
    throw new ArgumentError(what, { where, expected: 'variables of a chat template', received: fault });
};
