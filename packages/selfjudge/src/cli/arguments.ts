import type { Command } from 'commander';
import type { z } from 'zod';
import { TRL_ALIASES, TRL_REFUSED } from '../config/trlKeys.js';
import type { VerbConfig } from '../config/index.js';
import { presetOf } from '../config/verbs.js';

/** `--learning-rate` and `--learning_rate` are the same flag; values and one-letter flags are left as they are. */
export function normaliseFlags(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  return argv.map((word, i) => {
    if (!word.startsWith('--') || word.length < 3 || (end >= 0 && i >= end)) return word;
    const equals = word.indexOf('=');
    const name = equals < 0 ? word : word.slice(0, equals);
    return `--${name.slice(2).replaceAll('-', '_')}${equals < 0 ? '' : word.slice(equals)}`;
  });
}

/** One flag a field of the configuration, with its default in the help text. TRL's names are taken too, unlisted. */
export function addConfigFlags(command: Command, verb: VerbConfig, short: Record<string, string> = {}): void {
  const defaults = presetOf(verb, 'default')!;
  for (const [key, field] of Object.entries(verb.fields)) {
    const shown = key in defaults ? ` (default: ${[defaults[key]].flat().join(' ')})` : '';
    const flags = `${short[key] ? `${short[key]}, ` : ''}--${key} <value>`;
    command.option(flags, `${(field as z.ZodType).description ?? ''}${shown}`);
  }
  const hidden = [...Object.keys(TRL_ALIASES), 'per_device_train_batch_size', 'gradient_accumulation_steps', ...Object.keys(TRL_REFUSED)];
  for (const key of hidden)
    if (!(key in verb.fields)) command.addOption(command.createOption(`--${key} [value]`).hideHelp());
}

/** The flags a person gave, as text by key. */
export function givenFlags(command: Command, except: readonly string[] = []): Record<string, string> {
  const values = command.opts<Record<string, string | boolean>>();
  return Object.fromEntries(
    Object.entries(values)
      .filter(([key]) => command.getOptionValueSource(key) === 'cli' && !except.includes(key))
      .map(([key, value]) => [key, String(value)]),
  );
}
