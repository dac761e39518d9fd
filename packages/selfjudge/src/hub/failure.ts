import { HubError } from '@selfjudge/base';
import type { HubSettings } from './settings.js';

/** What is asked for, and where: what errors say of it. */
export interface Asked {
  /** As it was written. */
  name: string;
  /** OWNER/NAME */
  id: string;
  type: 'model' | 'dataset';
  revision?: string;
  /** The page of the repository. */
  page: string;
  /** Whether a path might have been meant: none of that name is here. */
  orPath?: boolean;
}

/** What to say where somebody may have meant a path. */
export const unlessPath = ({ orPath }: Pick<Asked, 'orPath'>): string =>
  orPath === true ? ', there being no such path here' : '';

// eslint-disable-next-line no-control-regex -- control characters are what is taken out
const CONTROL = /[\u0000-\u001f\u007f-\u009f]+/g;

/** Text of a server as a message may have it. */
export const harmlessText = (text: string): string => text.replace(CONTROL, ' ').slice(0, 200);

/** What happened to a connection and may be over by the next try. */
export class PassingFailure extends Error {
  override readonly name = 'PassingFailure';
  /** @param wait milliseconds that the server asks to be left alone for */
  constructor(
    message: string,
    readonly wait?: number,
  ) {
    super(harmlessText(message));
  }
}

/** A hub that gave no answer of use: what it has may still be in the cache. */
export class UnreachableError extends HubError {}

/** What a server's refusal says, as the error that names what to do. */
export async function refusal(
  response: Response,
  asked: Asked,
  { endpoint, token }: Pick<HubSettings, 'endpoint' | 'token'>,
): Promise<HubError> {
  const { name, id, type, revision = 'main', page } = asked;
  const { status, headers } = response;
  const code = headers.get('x-error-code');
  const what = type === 'dataset' ? 'data set' : 'model';
  const said = harmlessText(headers.get('x-error-message') ?? (await sayingOf(response)));
  const received = `status ${status}${said === '' ? '' : ` (${said})`}`;
  const error = (expected: string, advice?: string) =>
    new HubError({ asked: name, expected, received, ...(advice !== undefined && { advice }), status });
  if (code === 'GatedRepo' || (status === 403 && code !== 'RepoNotFound')) {
    const access =
      token === undefined
        ? 'set HF_TOKEN to a token of an account that has it'
        : 'the token that was sent (HF_TOKEN, or the one of hf auth login) is of an account without it, or may not do this';
    return error(`access to ${page}`, `ask for it on that page; ${access}`);
  }
  if (code === 'RevisionNotFound')
    return error(`a branch, tag or commit ${revision} of ${page}`, 'its page lists them under Files');
  if (code === 'EntryNotFound') return error(`the file on ${page}`, 'its page lists the files');
  if (status === 401 || status === 404) {
    const private_ =
      token === undefined
        ? 'if it is private, set HF_TOKEN'
        : 'if it is private, HF_TOKEN has to be of an account that sees it';
    return error(
      `the ${what} ${id} on ${endpoint}${unlessPath(asked)}`,
      `there is none that is shown to you; ${private_}`,
    );
  }
  return error(`an answer of ${page}`);
}

/** What a refusal says in its body, where that is JSON. */
async function sayingOf(response: Response): Promise<string> {
  if (response.headers.get('content-type')?.startsWith('application/json') !== true) return '';
  try {
    const { error } = (await response.json()) as { error?: unknown };
    return typeof error === 'string' ? error : '';
  } catch {
    return '';
  }
}
