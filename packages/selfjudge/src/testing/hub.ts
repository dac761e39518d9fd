import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isError } from '@selfjudge/base';
import { StandInHub } from '@selfjudge/testing/hub/standIn';
import { afterEach, beforeEach, expect } from 'vitest';
import type { HubSettings } from '../hub/settings.js';

/** A stand-in of the hub and an empty cache, for each test. */
export interface HubPlace {
  hub: StandInHub;
  cache: string;
  settings(changes?: Partial<HubSettings>): HubSettings;
  /** Names below a folder of the cache, sorted. */
  names(...folder: string[]): string[];
}

/** Waits that a test has time for. */
const QUICK = { tries: 3, firstWait: 1, longestWait: 500, silence: 300 };

/** Registers a stand-in that each test of the file gets anew. */
export function withHub(): HubPlace {
  const place: HubPlace = {
    hub: undefined!,
    cache: '',
    settings: (changes) => ({
      endpoint: place.hub.url,
      cache: place.cache,
      offline: false,
      asking: QUICK,
      moving: QUICK,
      ...changes,
    }),
    names: (...folder) =>
      readdirSync(join(place.cache, ...folder), { recursive: true, encoding: 'utf8' }).toSorted(),
  };
  beforeEach(async () => {
    place.hub = await StandInHub.start();
    place.cache = mkdtempSync(join(tmpdir(), 'selfjudge-hub-'));
  });
  afterEach(async () => {
    await place.hub.close();
    rmSync(place.cache, { recursive: true, force: true });
  });
  return place;
}

/** Bytes without a pattern, the same for the same seed. */
export function bytes(length: number, seed = ''): Buffer {
  let state = [...seed].reduce((sum, character) => sum * 31 + character.charCodeAt(0), 1);
  return Buffer.from(
    Uint8Array.from({ length }, () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24),
  );
}

/** The sentence of the HubError that work ends with. */
export async function failure(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isError(error, 'SJ_HUB')) throw error ?? new Error('expected a HubError, received none');
  expect(error.message).not.toContain('\n');
  return error.message;
}

/** A model of three files, which no engine would open. */
export const MODEL: Record<'config.json' | 'tokenizer.json' | 'model.safetensors', Uint8Array> = {
  'config.json': Buffer.from('{"model_type":"llama"}'),
  'tokenizer.json': Buffer.from('{}'),
  'model.safetensors': bytes(1_000_000),
};
