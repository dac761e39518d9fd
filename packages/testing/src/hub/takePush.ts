import { isLarge, sha256, type Contents, type Repository } from './repositories.js';
import { failure, json, type Answer, type Asked } from './answers.js';

interface Line {
  key: 'header' | 'file' | 'lfsFile' | 'deletedFile';
  value: { path: string; content?: string; oid?: string; summary?: string };
}

/** Of the stand-in, what is written to. */
interface Store {
  repositories: ReadonlyMap<string, Repository>;
  stored: ReadonlyMap<string, Buffer>;
  writers: ReadonlySet<string>;
  url: string;
  cdnUrl: string;
  add(kind: 'model', id: string, files: Contents): Repository;
}

/** What the hub does with what is sent to it; undefined for routes that only read. */
export function takePush(
  hub: Store,
  { method, authorization = '' }: Asked,
  path: string,
  body: Buffer,
): Answer | undefined {
  if (method !== 'POST') return undefined;
  if (!hub.writers.has(authorization.replace('Bearer ', '')))
    return failure(authorization === '' ? 401 : 403, 'Forbidden', 'You do not have the required permissions');
  if (path === '/api/repos/create') return create(hub, parse(body), authorization);
  const [, id = ''] = /^\/(?:api\/models\/)?([^/]+\/[^/.]+)/.exec(path) ?? [];
  const repository = hub.repositories.get(`models/${id}`);
  if (repository === undefined) return failure(404, 'RepoNotFound', 'Repository not found');
  const [, route, branch = ''] = /\/(preupload|commit|branch)\/(.+)$/.exec(path) ?? [];
  if (route === 'branch') {
    if (repository.branches.has(branch)) return failure(409, 'BranchExists', 'Reference already exists');
    repository.branches.set(branch, repository.commitOf('main')!);
    return json({});
  }
  if (route === 'preupload') {
    const { files } = parse(body) as { files: { path: string }[] };
    const modeOf = (file: string) => (isLarge(file) ? 'lfs' : 'regular');
    return json({ files: files.map((file) => ({ path: file.path, uploadMode: modeOf(file.path) })) });
  }
  if (route === 'commit') return commit(hub, repository, branch, body);
  if (path.endsWith('/info/lfs/objects/batch')) return batch(hub, parse(body));
  return undefined;
}

const parse = (body: Buffer): unknown => JSON.parse(body.toString());

function create(hub: Store, made: unknown, authorization: string) {
  const { name, organization, visibility } = made as Record<string, string>;
  const id = `${organization}/${name}`;
  if (hub.repositories.has(`models/${id}`))
    return failure(409, 'Conflict', 'You already created this model repo');
  const repository = hub.add('model', id, { '.gitattributes': '*.safetensors filter=lfs' });
  if (visibility === 'private') repository.token = authorization.replace('Bearer ', '');
  return json({ url: `${hub.url}/${id}`, id });
}

function batch(hub: Store, asked: unknown) {
  const { objects } = asked as { objects: { oid: string; size: number }[] };
  const place = (oid: string) => ({ upload: { href: `${hub.cdnUrl}/files/${oid}` } });
  return json({
    transfer: 'basic',
    objects: objects.map(({ oid, size }) => ({
      oid,
      size,
      ...(!hub.stored.has(oid) && { actions: place(oid) }),
    })),
  });
}

function commit(hub: Store, repository: Repository, branch: string, body: Buffer) {
  const before = repository.commitOf(branch);
  const files = new Map<string, Buffer>(before === undefined ? [] : repository.commits.get(before));
  for (const { key, value } of body
    .toString()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)) {
    if (key === 'file') files.set(value.path, Buffer.from(value.content!, 'base64'));
    if (key === 'deletedFile') files.delete(value.path);
    if (key !== 'lfsFile') continue;
    const content = hub.stored.get(value.oid!);
    if (content === undefined || sha256(content) !== value.oid)
      return failure(400, 'BadRequest', `${value.path} was not uploaded`);
    files.set(value.path, content);
  }
  const oid = repository.commit(files, branch);
  return json({
    success: true,
    commitOid: oid,
    commitUrl: `${hub.url}/${repository.id}/commit/${oid}`,
    hookOutput: '',
  });
}
