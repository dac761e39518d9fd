import { HubError } from '@selfjudge/base';
import {
  harmlessText,
  PassingFailure,
  refusal,
  unlessPath,
  UnreachableError,
  type Asked,
} from './failure.js';
import { patiently, PASSING_STATUSES, retryAfter } from './patience.js';
import type { HubSettings } from './settings.js';
import { Watch } from './watch.js';

const MOST_REDIRECTS = 10;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Bytes of an answer that is read whole: a page of a listing has a thousand files. */
const MOST_BYTES = 1 << 26;
/** Routes that do something once: they are not asked again where nobody knows whether they did. */
const ONCE = /\/api\/repos\/create$|\/(commit|branch)\/[^/]+$/;
/** The system's codes of a place where nobody answers. */
const NOBODY: ReadonlySet<string> = new Set(
  'ENOTFOUND EAI_AGAIN ECONNREFUSED ENETUNREACH EHOSTUNREACH ENETDOWN'.split(' '),
);

type Chunks = AsyncIterable<Uint8Array>;

/** What is said to a hub about one repository. Its token goes to the hub's own address and nowhere else. */
export class Connection {
  /** Told of bytes of large files that were sent, or are to be sent again (below 0). */
  onSent: (bytes: number) => void = () => {};

  constructor(
    readonly settings: HubSettings,
    readonly asked: Asked,
    readonly signal?: AbortSignal,
    readonly onNote?: (line: string) => void,
  ) {}

  /** The same, ended by another signal. */
  with(signal: AbortSignal): Connection {
    return new Connection(this.settings, this.asked, signal, this.onNote);
  }

  /** `fetch` for the hub's client: patient, and a HubError where the answer is no success. */
  readonly fetch: typeof fetch = (input, init) =>
    this.answer(input instanceof Request ? input.url : String(input), init);

  /** An answer, whole. @throws HubError for a refusal too */
  private async answer(url: string, init: RequestInit = {}): Promise<Response> {
    const { method = 'GET', body } = init;
    const patience = body instanceof Blob ? this.settings.moving : this.settings.asking;
    const once = method === 'POST' && ONCE.test(new URL(url).pathname);
    // A hub may take its time to make a commit of what it was sent.
    const silence = method === 'POST' ? 10 * patience.silence : patience.silence;
    const giveUp = (last: PassingFailure, tries: number) =>
      this.unreachable(url, `${last.message}${tries > 1 ? `, ${tries} times in a row` : ''}`);
    const response = await patiently(
      async () => {
        try {
          const one = await this.exchange(url, init, silence, whole);
          if (PASSING_STATUSES.has(one.status)) throw passing(one);
          return one;
        } catch (error) {
          if (once && error instanceof PassingFailure && error.wait === undefined) throw giveUp(error, 1);
          throw error;
        }
      },
      patience,
      { giveUp, onWait: this.onNote },
      this.endOf(init),
    );
    if (response.ok) return response;
    throw await refusal(response, this.asked, this.settings);
  }

  /**
   * One try, redirects followed.
   * @param use is given the answer's head, and its body as it comes
   * @throws PassingFailure where the connection breaks, UnreachableError where nobody is there, what `use` throws
   */
  async exchange<T>(
    url: string,
    init: RequestInit,
    silence: number,
    use: (response: Response, chunks: Chunks) => Promise<T>,
  ): Promise<T> {
    const watch = new Watch(silence, this.endOf(init));
    try {
      const response = await this.followed(url, init, watch);
      return await use(response, this.bodyOf(response, watch));
    } finally {
      watch.end();
    }
  }

  /** What ends a request: who asked for all of it, or the hub's client. */
  private endOf({ signal }: RequestInit): AbortSignal | undefined {
    const signals = [this.signal ?? [], signal ?? []].flat();
    return signals.length > 1 ? AbortSignal.any(signals) : signals[0];
  }

  private async followed(url: string, init: RequestInit, watch: Watch): Promise<Response> {
    const { method = 'GET' } = init;
    let at = new URL(url);
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      const response = await this.one(at, init, watch);
      const location = response.headers.get('location');
      if (!REDIRECTS.has(response.status) || location === null) return response;
      await response.body?.cancel();
      const next = URL.canParse(location, at.href) ? new URL(location, at) : undefined;
      const downgrades = at.protocol === 'https:' && next?.protocol !== 'https:';
      const mayFollow = response.status >= 307 || method === 'GET' || method === 'HEAD';
      if (next === undefined || !/^https?:$/.test(next.protocol) || downgrades || !mayFollow)
        throw this.strange(
          `an answer of ${at.origin}`,
          `a redirect of ${method} to ${location.slice(0, 100)}`,
        );
      at = next;
    }
    throw this.strange(`an answer of ${new URL(url).origin}`, `more than ${MOST_REDIRECTS} redirects`);
  }

  private async one(url: URL, init: RequestInit, watch: Watch): Promise<Response> {
    const headers = new Headers(init.headers);
    // Whoever calls may have put one there for the first address: it is not for that of a redirect.
    headers.delete('authorization');
    const { token, endpoint } = this.settings;
    if (token !== undefined && url.origin === new URL(endpoint).origin)
      headers.set('authorization', `Bearer ${token}`);
    const { body } = init;
    const sent = body instanceof Blob ? this.counted(body, watch) : undefined;
    if (body instanceof Blob) headers.set('content-length', String(body.size));
    try {
      return await fetch(url, {
        ...init,
        ...(sent !== undefined && { body: sent.body, duplex: 'half' }),
        headers,
        redirect: 'manual',
        signal: watch.signal,
      });
    } catch (error) {
      sent?.takeBack();
      throw this.broken(url, watch, error);
    }
  }

  /** A body that says how much of it was taken. */
  private counted(body: Blob, watch: Watch): { body: ReadableStream<Uint8Array>; takeBack(): void } {
    let sent = 0;
    const count = (bytes: number) => {
      sent += bytes;
      this.onSent(bytes);
    };
    const counting = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        watch.heard();
        count(chunk.length);
        controller.enqueue(chunk);
      },
    });
    return { body: body.stream().pipeThrough(counting), takeBack: () => count(-sent) };
  }

  private async *bodyOf(response: Response, watch: Watch): Chunks {
    const reader = response.body?.getReader();
    if (reader === undefined) return;
    try {
      for (;;) {
        const { value } = await reader.read().catch((error: unknown) => {
          throw this.broken(new URL(response.url), watch, error);
        });
        if (value === undefined) return;
        watch.heard();
        yield value;
      }
    } finally {
      // Who has read enough need not know how the rest of it would have ended.
      reader.cancel().catch(() => {});
    }
  }

  /** What is to be thrown for a connection that came to nothing. */
  private broken(url: URL, { silent, outer }: Watch, error: unknown): unknown {
    if (outer?.aborted === true) return outer.reason;
    if (silent) return new PassingFailure(`nothing more from ${url.host}`);
    const { code = '', message = String(error) } = causeOf(error);
    if (url.origin === new URL(this.settings.endpoint).origin && NOBODY.has(code))
      return this.unreachable(url.href, code);
    return new PassingFailure(`a connection to ${url.host} that broke (${code || message})`);
  }

  private unreachable(url: string, received: string): UnreachableError {
    const { name, page } = this.asked;
    return new UnreachableError({
      asked: name,
      expected: `an answer of ${new URL(url).origin}, as ${page} was looked for${unlessPath(this.asked)}`,
      received,
      advice: 'look at the network and try again; HF_HUB_OFFLINE=1 uses what was downloaded before',
    });
  }

  strange(expected: string, received: string): HubError {
    return new HubError({ asked: this.asked.name, expected, received: harmlessText(received) });
  }
}

/** An answer with all of its body. */
export async function whole(response: Response, chunks: Chunks): Promise<Response> {
  const all: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new PassingFailure(`an answer of more than ${MOST_BYTES} bytes`);
    all.push(chunk);
  }
  const { status, headers } = response;
  return new Response([204, 205, 304].includes(status) ? null : Buffer.concat(all), { status, headers });
}

export const passing = ({ status, headers }: Response): PassingFailure =>
  new PassingFailure(`status ${status}`, retryAfter(headers.get('retry-after')));

/** `fetch` tells of the system's error in its cause; of several addresses in the first of those. */
function causeOf(error: unknown): { code?: string; message?: string } {
  const { cause } = error as { cause?: { code?: string; message?: string; errors?: Error[] } };
  return cause?.errors?.[0] ?? cause ?? (error as Error);
}
