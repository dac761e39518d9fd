import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Repository, type Contents, type ListedFile } from './repositories.js';
import { takePush } from './takePush.js';
import { failure, json, type Answer, type Asked } from './answers.js';
export type { Asked } from './answers.js';

/** What goes wrong with one answer. */
export interface Fault {
  /** In the place of the answer. */
  status?: number;
  headers?: Record<string, string>;
  body?: string;
  /** The connection is cut after so many bytes of the body. */
  cutAfter?: number;
  /** What the body is said to be long, whatever it is; `none` for a body that says nothing of its length. */
  length?: number | 'none';
  /** No answer at all. */
  silent?: boolean;
  /** A file in the place of the one that was asked for. */
  content?: Uint8Array;
  /** The range is not looked at: the whole file comes. */
  whole?: boolean;
}

/**
 * A hub on this machine, as far as its routes are used: on one port its API and small files, on another the place that it
 * redirects to for large ones.
 */
export class StandInHub {
  readonly repositories = new Map<string, Repository>();
  readonly asked: Asked[] = [];
  /** Large files that were sent, by their SHA-256. */
  readonly stored = new Map<string, Buffer>();
  /** Tokens that may write. */
  writers = new Set(['hf_writer']);
  /** Asked of every request what goes wrong with it. */
  fault: (asked: Asked) => Fault | undefined = () => undefined;
  /** Files of one page of a listing. */
  pageSize = 1000;
  /** Changes a listing before it is sent: what a hub that lies says. */
  listed: (files: ListedFile[]) => object[] = (files) => files;

  private constructor(
    private readonly hub: Server,
    private readonly cdn: Server,
  ) {}

  static async start(): Promise<StandInHub> {
    const servers = await Promise.all([listening(createServer()), listening(createServer())]);
    const standIn = new StandInHub(...servers);
    standIn.hub.on('request', (request, response) => void standIn.serve('hub', request, response));
    standIn.cdn.on('request', (request, response) => void standIn.serve('cdn', request, response));
    return standIn;
  }

  get url(): string {
    return urlOf(this.hub);
  }

  get cdnUrl(): string {
    return urlOf(this.cdn);
  }

  /** Adds a repository with one commit on main. @returns the repository */
  add(kind: 'model' | 'dataset', id: string, files: Contents): Repository {
    const repository = new Repository(kind, id);
    repository.commit(files);
    this.repositories.set(`${kind}s/${id}`, repository);
    return repository;
  }

  async close(): Promise<void> {
    for (const server of [this.hub, this.cdn]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  private async serve(at: Asked['at'], request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '', headers } = request;
    const { authorization, range } = headers;
    const asked: Asked = { at, method, path, authorization, range };
    this.asked.push(asked);
    const fault = this.fault(asked) ?? {};
    if (fault.silent === true) return;
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return; // who asked has gone
    }
    const body = Buffer.concat(chunks);
    const {
      status = 200,
      headers: own = {},
      ...answer
    } = fault.status === undefined ? this.answer(asked, body, fault) : { ...fault };
    const content = Buffer.from(answer.body ?? '');
    const length = fault.length ?? content.length;
    const said = length === 'none' ? {} : { 'content-length': String(length) };
    response.writeHead(status, { ...own, ...said, ...fault.headers });
    if (method === 'HEAD') return void response.end();
    if (fault.cutAfter === undefined && typeof length === 'string') return void response.end(content);
    if (fault.cutAfter === undefined && fault.length === undefined) return void response.end(content);
    // What was sent arrives before the end does.
    response.write(content.subarray(0, fault.cutAfter ?? content.length), () => response.socket?.end());
  }

  private answer(asked: Asked, body: Buffer, fault: Fault): Answer {
    const url = new URL(asked.path, 'http://x');
    const path = decodeURIComponent(url.pathname);
    if (asked.at === 'cdn') return this.large(asked, path, body, fault);
    const pushed = takePush(this, asked, path, body);
    if (pushed !== undefined) return pushed;
    const [, prefix = '', id, route, revision, rest] =
      /^\/(?:api\/(?=models\/|datasets\/))?(models\/|datasets\/)?([^/]+\/[^/]+)\/(revision|tree|resolve)\/([^/]+)(?:\/(.*))?$/.exec(
        encodedRevision(path),
      ) ?? [];
    const kind = prefix === 'datasets/' ? 'dataset' : 'model';
    const repository = this.repositories.get(`${kind}s/${id}`);
    const refused = refusal(repository, asked);
    if (refused !== undefined || repository === undefined) return refused ?? { status: 404 };
    const commit = repository.commitOf(revision.replaceAll('%2F', '/'));
    if (commit === undefined) return failure(404, 'RevisionNotFound', `Invalid rev id: ${revision}`);
    if (route === 'revision') return json(about(repository, commit));
    if (route === 'tree') return this.tree(repository, commit, url);
    return this.file(repository, commit, rest ?? '', asked, fault);
  }

  private tree(repository: Repository, commit: string, url: URL): Answer {
    const all = this.listed(repository.listing(commit));
    const from = Number(url.searchParams.get('cursor') ?? 0);
    const next = from + this.pageSize;
    const further = new URL(url.pathname, this.url);
    further.search = `recursive=true&cursor=${next}`;
    const link: Record<string, string> = next < all.length ? { link: `<${further.href}>; rel="next"` } : {};
    return json(all.slice(from, next), link);
  }

  private file(repository: Repository, commit: string, path: string, asked: Asked, fault: Fault): Answer {
    const content = repository.commits.get(commit)!.get(path);
    const file = repository.listing(commit).find((one) => one.path === path);
    if (content === undefined || file === undefined)
      return failure(404, 'EntryNotFound', 'Entry not found', { 'x-repo-commit': commit });
    const headers = { 'x-repo-commit': commit, 'accept-ranges': 'bytes' };
    if (file.lfs === undefined)
      return ranged(fault.content ?? content, asked, fault, { ...headers, etag: `"${file.oid}"` });
    const { oid, size } = file.lfs;
    this.stored.set(oid, content);
    const linked = { 'x-linked-etag': `"${oid}"`, 'x-linked-size': String(size) };
    return {
      status: 302,
      headers: { ...headers, ...linked, location: `${this.cdnUrl}/files/${oid}?signed=1` },
    };
  }

  private large({ method, range }: Asked, path: string, body: Buffer, fault: Fault): Answer {
    const [, oid = ''] = /^\/files\/([0-9a-f]{64})/.exec(path) ?? [];
    if (method === 'PUT') {
      this.stored.set(oid, body);
      return { headers: { etag: '"stored"' } };
    }
    const content = this.stored.get(oid);
    if (content === undefined) return { status: 404 };
    return ranged(fault.content ?? content, { range }, fault, {});
  }
}

const listening = (server: Server): Promise<Server> =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));

const urlOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

/** A revision with slashes, as clients that do not escape it send it. */
const encodedRevision = (path: string): string =>
  path.replace(/\/refs\/(pr|convert)\/([^/]+)/, '/refs%2F$1%2F$2');

/** What the hub says to who may not see a repository, or to who looks for none. */
function refusal(
  repository: Repository | undefined,
  { authorization }: Pick<Asked, 'authorization'>,
): Answer | undefined {
  const isKnown = repository?.token !== undefined && authorization === `Bearer ${repository.token}`;
  if (repository === undefined || (repository.token !== undefined && !repository.gated && !isKnown))
    return failure(authorization === undefined ? 401 : 404, 'RepoNotFound', 'Repository not found');
  if (repository.gated && !isKnown)
    return failure(
      authorization === undefined ? 401 : 403,
      'GatedRepo',
      `Access to model ${repository.id} is restricted.`,
    );
  return undefined;
}

function about({ id, token, gated }: Repository, sha: string): object {
  const time = '2026-01-01T00:00:00.000Z';
  const counts = { downloads: 0, likes: 0, siblings: [], tags: [] };
  const visible = { private: token !== undefined && !gated, gated: gated && 'auto', disabled: false };
  return { _id: '1', id, sha, lastModified: time, createdAt: time, ...visible, ...counts };
}

function ranged(
  content: Uint8Array,
  { range }: Pick<Asked, 'range'>,
  { whole }: Fault,
  headers: Record<string, string>,
): Answer {
  const [, from] = /^bytes=(\d+)-$/.exec(range ?? '') ?? [];
  if (from === undefined || whole === true) return { headers, body: content };
  const start = Number(from);
  if (start >= content.length)
    return { status: 416, headers: { 'content-range': `bytes */${content.length}` } };
  return {
    status: 206,
    headers: { ...headers, 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` },
    body: content.subarray(start),
  };
}
