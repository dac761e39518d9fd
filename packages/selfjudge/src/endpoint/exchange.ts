import { ConfigError } from '@selfjudge/base';
import { harmlessText, PassingFailure } from '../hub/failure.js';
import { patiently, PASSING_STATUSES, retryAfter } from '../hub/patience.js';
import type { Patience } from '../hub/settings.js';
import { EndpointFailure } from './failure.js';

/** An endpoint and how it is asked. */
export interface EndpointSettings {
  /** Up to the version, as http://127.0.0.1:8000/v1. */
  endpoint: string;
  /** Sent to the endpoint and nowhere else. */
  key?: string;
  /** Calls at most, further tries among them; 0 for no limit. */
  calls: number;
  /** `silence`: milliseconds that one call may take. */
  patience: Patience;
  onNote?: (line: string) => void;
}

/** An answer that is no success: the question is refused as it is. */
export interface Refused {
  status: number;
  said: string;
}

/** Bytes of an answer of one letter. */
const MOST_BYTES = 1 << 20;
/** Statuses that every further call would have. */
const LASTING: ReadonlySet<number> = new Set([401, 403, 404]);

/** Calls of an endpoint that follows OpenAI's chat completions, counted. */
export class Exchange {
  #calls = 0;

  constructor(private readonly settings: EndpointSettings) {}

  /** Calls so far. */
  get calls(): number {
    return this.#calls;
  }

  /**
   * One question, tried again while the failure may pass.
   * @returns the answer's JSON, or the refusal
   * @throws EndpointFailure where there is no answer, or no call left; ConfigError where there is no use in further questions;
   *   the signal's reason
   */
  async ask(body: object, signal?: AbortSignal): Promise<{ json: unknown } | { refused: Refused }> {
    const { patience, onNote } = this.settings;
    const giveUp = ({ message }: Error, tries: number) =>
      new EndpointFailure('no-answer', `${message}${tries > 1 ? `, ${tries} times in a row` : ''}`);
    return patiently(() => this.#once(body, signal), patience, { giveUp, onWait: onNote }, signal);
  }

  async #once(body: object, signal?: AbortSignal): Promise<{ json: unknown } | { refused: Refused }> {
    const { endpoint, key, calls, patience } = this.settings;
    if (calls > 0 && this.#calls >= calls)
      throw new EndpointFailure('no-budget', `${calls} calls are made, which is all there may be`);
    this.#calls++;
    const limit = AbortSignal.timeout(patience.silence);
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${endpoint}/chat/completions`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(key !== undefined && { authorization: `Bearer ${key}` }),
        },
        body: JSON.stringify(body),
        // Another address is not the one that the key is for.
        redirect: 'error',
        signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
      });
      text = await textOf(response);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof EndpointFailure) throw error;
      throw new PassingFailure(
        limit.aborted ? `no answer within ${patience.silence / 1000} s` : causeOf(error as Error),
      );
    }
    const { status, ok, headers } = response;
    if (PASSING_STATUSES.has(status))
      throw new PassingFailure(`status ${status}`, retryAfter(headers.get('retry-after')));
    if (ok) {
      try {
        return { json: JSON.parse(text) as unknown };
      } catch {
        // It was cut off, or is not what it says: the next one may be whole.
        throw new PassingFailure(`an answer that is no JSON: ${text.slice(0, 60)}`);
      }
    }
    const said = harmlessText(text);
    if (LASTING.has(status))
      throw new ConfigError({
        key: 'judge_endpoint',
        expected: `an endpoint that may be asked (a key is taken from ${KEY})`,
        received: `status ${status} of ${endpoint} (${said})`,
      });
    return { refused: { status, said } };
  }
}

/** The variable of the environment that holds the key. */
export const KEY = 'JUDGE_ENDPOINT_KEY';

/** @throws EndpointFailure for one that is too long for what was asked */
async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MOST_BYTES)
      throw new EndpointFailure('no-answer', `an answer of more than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** `fetch failed` says less than what it is caused by. */
const causeOf = ({ message, cause }: Error): string => (cause instanceof Error ? cause.message : message);
