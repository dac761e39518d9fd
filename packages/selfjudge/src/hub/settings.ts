import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HubError } from '@selfjudge/base';
import { expandHome, hubCache, hubHome } from '@selfjudge/base/internal';

/** How long a hub is waited for. */
export interface Patience {
  /** Failures in a row before it is given up. */
  tries: number;
  /** Milliseconds before the second try; doubled for each further one. */
  firstWait: number;
  /** Milliseconds that a server may ask to be left alone for. */
  longestWait: number;
  /** Milliseconds without a byte that count as a broken connection. */
  silence: number;
}

/** What a person's environment says of the hub, in the words of huggingface_hub. */
export interface HubSettings {
  /** HF_ENDPOINT, without a slash at its end. */
  endpoint: string;
  /** HF_TOKEN, HUGGING_FACE_HUB_TOKEN, or the file of HF_TOKEN_PATH or HF_HOME/token. */
  token?: string;
  /** HF_HUB_CACHE, or what stands in its place. */
  cache: string;
  /** HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE. */
  offline: boolean;
  /** Of questions: someone waits for what the cache has, too. */
  asking: Patience;
  /** Of files under way. */
  moving: Patience;
}

const SECOND = 1000;

export function hubSettings(env: NodeJS.ProcessEnv = process.env): HubSettings {
  const token = tokenIn(env);
  const waits = { firstWait: SECOND, longestWait: 300 * SECOND };
  return {
    endpoint: endpointIn(env),
    ...(token !== undefined && { token }),
    cache: hubCache(env),
    offline: isTrue(env.HF_HUB_OFFLINE) || isTrue(env.TRANSFORMERS_OFFLINE),
    asking: { ...waits, tries: 3, silence: 10 * SECOND },
    moving: { ...waits, tries: 5, silence: 30 * SECOND },
  };
}

/** The page of a repository. */
export const pageOf = (
  { endpoint }: Pick<HubSettings, 'endpoint'>,
  { type, id }: { type: 'model' | 'dataset'; id: string },
): string => `${endpoint}/${type === 'dataset' ? 'datasets/' : ''}${id}`;

const isTrue = (value: string | undefined): boolean => /^(1|on|yes|true)$/i.test(value ?? '');

function endpointIn({ HF_ENDPOINT: given = '' }: NodeJS.ProcessEnv): string {
  const endpoint = given === '' ? 'https://huggingface.co' : given.replace(/\/+$/, '');
  if (/^https?:\/\//.test(endpoint) && URL.canParse(endpoint)) return endpoint;
  throw new HubError({ asked: 'HF_ENDPOINT', expected: 'an address http(s)://...', received: given });
}

function tokenIn(env: NodeJS.ProcessEnv): string | undefined {
  const name = env.HF_TOKEN ? 'HF_TOKEN' : 'HUGGING_FACE_HUB_TOKEN';
  const given = env[name];
  if (given) return checkedToken(name, given);
  const path = env.HF_TOKEN_PATH ? expandHome(env.HF_TOKEN_PATH) : join(hubHome(env), 'token');
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch {
    return undefined; // nobody logged in here
  }
  return checkedToken(path, content);
}

/** The token is a secret: errors name where it is from, never what it is. */
function checkedToken(from: string, text: string): string | undefined {
  const token = text.trim();
  if (token === '') return undefined;
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new HubError({
    asked: from,
    expected: 'a token: letters, digits and signs of ASCII in one line',
    received: 'others',
  });
}
