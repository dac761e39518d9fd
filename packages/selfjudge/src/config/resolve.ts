import { readFileSync } from 'node:fs';
import { ConfigError, nearest } from '@selfjudge/core';
import { parse } from 'yaml';
import type { z } from 'zod';
import { camelCase, mapKeys } from './naming.js';
import { TRL_ALIASES, TRL_REFUSED } from './trlKeys.js';
import { presetOf, type VerbConfig } from './verbs.js';

export interface ConfigSources {
  /** YAML or JSON file. */
  file?: string;
  /** Values given as flags, still text. They override the file. */
  flags?: Record<string, string>;
  /** Named set of defaults. */
  preset?: string;
}

/** A verb's configuration in full, in the snake_case it is written to config.yaml with. */
export type ResolvedConfig = Record<string, unknown>;

/** Defaults of the preset, then the file, then the flags; every key known, every value in range. */
export function resolveConfig(verb: VerbConfig, { file, flags = {}, preset = 'default' }: ConfigSources): ResolvedConfig {
  const defaults = presetOf(verb, preset);
  if (defaults === undefined) {
    const known = Object.keys(verb.presets);
    throw new ConfigError({
      key: 'preset',
      expected: `one of ${known.join(', ')}`,
      received: preset,
      nearest: nearest(preset, known),
    });
  }
  const given = {
    ...(file === undefined ? {} : knownKeys(verb, readConfigFile(file))),
    ...knownKeys(verb, parseFlags(verb, flags)),
  };
  const merged: Record<string, unknown> = { ...defaults, ...given };
  const config: ResolvedConfig = {};
  for (const [key, field] of Object.entries(verb.fields)) {
    const result = (field as z.ZodType).safeParse(merged[key]);
    if (!result.success)
      throw new ConfigError({
        key,
        expected: `${(field as z.ZodType).description}: ${result.error.issues.map((i) => i.message).join('; ')}`,
        received: merged[key],
      });
    config[key] = result.data;
  }
  return config;
}

/** The same values under the API's names. */
export const toOptions = (config: ResolvedConfig): Record<string, unknown> => mapKeys(config, camelCase);

function readConfigFile(path: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigError({ key: path, expected: 'a YAML or JSON file', received: (error as Error).message });
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new ConfigError({ key: path, expected: 'a mapping of keys to values', received: value });
  return value as Record<string, unknown>;
}

/** Flags are text: numbers, booleans and lists are read as YAML where the field is not a plain string. */
function parseFlags(verb: VerbConfig, flags: Record<string, string>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(flags).map(([key, text]) => {
      const field = verb.fields[TRL_ALIASES[key] ?? key] as z.ZodType | undefined;
      return [key, field?.safeParse(text).success ? text : parse(text)];
    }),
  );
}

/** Applies TRL's aliases and refuses keys that mean nothing here, each with the reason or the nearest name. */
function knownKeys(verb: VerbConfig, given: Record<string, unknown>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [raw, value] of Object.entries(given)) {
    const key = raw.replaceAll('-', '_');
    if (key === 'per_device_train_batch_size' || key === 'gradient_accumulation_steps') continue;
    const name = TRL_ALIASES[key] ?? key;
    if (name in verb.fields) out[name] = value;
    else if (key in TRL_REFUSED)
      throw new ConfigError({ key, expected: `no such key (${TRL_REFUSED[key]})`, received: value });
    else
      throw new ConfigError({
        key,
        expected: 'a key of this verb',
        received: value,
        nearest: nearest(key, Object.keys(verb.fields)),
      });
  }
  const perDevice = given.per_device_train_batch_size;
  const accumulation = given.gradient_accumulation_steps;
  if ((perDevice !== undefined || accumulation !== undefined) && out.train_batch_size === undefined)
    out.train_batch_size = Number(perDevice ?? 1) * Number(accumulation ?? 1);
  return out;
}
