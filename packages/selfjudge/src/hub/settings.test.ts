import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { retryAfter } from './patience.js';
import { hubSettings } from './settings.js';

const home = mkdtempSync(join(tmpdir(), 'selfjudge-settings-'));
afterAll(() => rmSync(home, { recursive: true }));
writeFileSync(join(home, 'token'), 'hf_file\n');
writeFileSync(join(home, 'other'), ' hf_other ');
writeFileSync(join(home, 'empty'), '\n');
writeFileSync(join(home, 'odd'), 'hf_sécret');

describe('settings of the hub', () => {
  it('are those of huggingface_hub', () => {
    const { token, ...plain } = hubSettings({ HF_HOME: home, HF_TOKEN_PATH: join(home, 'none') });
    expect(token).toBeUndefined();
    expect(plain).toMatchObject({
      endpoint: 'https://huggingface.co',
      cache: join(home, 'hub'),
      offline: false,
    });
    expect(hubSettings({}).cache).toBe(join(homedir(), '.cache/huggingface/hub'));
    expect(hubSettings({ XDG_CACHE_HOME: '/x' }).cache).toBe('/x/huggingface/hub');
    expect(hubSettings({ HF_HUB_CACHE: '~/c', HF_HOME: '/y' }).cache).toBe(join(homedir(), 'c'));
    expect(hubSettings({ HUGGINGFACE_HUB_CACHE: '/old' }).cache).toBe('/old');
    expect(hubSettings({ HF_ENDPOINT: 'http://mirror:8080/' }).endpoint).toBe('http://mirror:8080');
    for (const offline of [
      { HF_HUB_OFFLINE: '1' },
      { TRANSFORMERS_OFFLINE: 'yes' },
      { HF_HUB_OFFLINE: 'ON' },
    ])
      expect(hubSettings(offline).offline).toBe(true);
    expect(hubSettings({ HF_HUB_OFFLINE: '0' }).offline).toBe(false);
  });

  it('have the token of the environment before that of a file', () => {
    const of = (env: NodeJS.ProcessEnv) => hubSettings({ HF_HOME: home, ...env }).token;
    expect(of({})).toBe('hf_file');
    expect(of({ HF_TOKEN_PATH: join(home, 'other') })).toBe('hf_other');
    expect(of({ HUGGING_FACE_HUB_TOKEN: 'hf_old' })).toBe('hf_old');
    expect(of({ HF_TOKEN: ' hf_new\n', HUGGING_FACE_HUB_TOKEN: 'hf_old' })).toBe('hf_new');
    expect(of({ HF_TOKEN_PATH: join(home, 'empty') })).toBeUndefined();
  });

  it('never say what a token is', () => {
    for (const env of [{ HF_TOKEN: 'hf_sé' }, { HF_TOKEN: 'hf_a b' }, { HF_TOKEN_PATH: join(home, 'odd') }]) {
      expect(() => hubSettings(env)).toThrow(/: expected a token: .*received others$/);
      expect(() => hubSettings(env)).not.toThrow(/hf_s|hf_a/);
    }
    expect(() => hubSettings({ HF_ENDPOINT: 'huggingface.co' })).toThrow(
      /HF_ENDPOINT: expected an address http/,
    );
  });
});

it('Retry-After is seconds or a date', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  expect(retryAfter('7', now)).toBe(7000);
  expect(retryAfter('Thu, 01 Jan 2026 00:00:09 GMT', now)).toBe(9000);
  expect(retryAfter('Thu, 01 Jan 2025 00:00:09 GMT', now)).toBe(0);
  expect(retryAfter('soon', now)).toBeUndefined();
  expect(retryAfter(null, now)).toBeUndefined();
});
