import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import { HubError } from '@selfjudge/base';
import { MAIN, type HubName } from '@selfjudge/base/internal';
import { Connection } from './connection.js';
import { listed } from './listed.js';
import { isTextOfModel, isWeights } from './modelFiles.js';
import { filesToPush, type FilesToPush } from './pushedFiles.js';
import type { PullHooks } from './pull.js';
import { understood } from './repositoryFiles.js';
import { hubSettings, pageOf } from './settings.js';

export interface PushOptions extends PullHooks {
  /** Whether everybody may see a repository that is made for it. Default false. */
  public?: boolean;
  /** The branch, which is made where there is none. Default main. */
  revision?: string;
  /** What the commit is called. */
  message?: string;
}

export interface Pushed {
  /** The page of what was pushed. */
  url: string;
  commit: string;
  /** Names of the files in the repository. */
  files: string[];
}

/** The hub's client asks for a token to put into a header, which is set where a request is sent, and there alone. */
const SET_WHEN_SENT = { accessToken: 'hf_' } as const;

/**
 * Uploads a model, an adapter, or the result of a run as one commit, into a repository that is made where there is none.
 * @throws FileFormatError for a folder that holds none of these; HubError, also before anything is sent: without a token, for
 *   a repository that everybody sees where that was not asked for, and for one that holds files of another model
 */
export async function pushFolder(
  folder: string,
  name: Pick<HubName, 'id'>,
  {
    public: isPublic = false,
    revision = MAIN,
    message,
    signal,
    settings = hubSettings(),
    ...hooks
  }: PushOptions = {},
): Promise<Pushed> {
  const { onNote = () => {}, onProgress = () => {} } = hooks;
  const found = filesToPush(folder);
  found.notes.forEach(onNote);
  const repository = { type: 'model', id: name.id } as const;
  const page = pageOf(settings, repository);
  const asked = { ...repository, name: name.id, revision, page };
  const connection = new Connection(settings, asked, signal, onNote);
  if (settings.offline) throw refused(name.id, 'the hub, to push to', 'HF_HUB_OFFLINE');
  if (settings.token === undefined)
    throw refused(
      name.id,
      'a token that may write',
      'none',
      'set HF_TOKEN; settings/tokens on the hub makes one',
    );
  const repo = { type: repository.type, name: name.id };
  return understood(connection, () =>
    send(connection, repo, found, { isPublic, revision, message, onProgress }),
  );
}

/** The conversation with the hub. */
async function send(
  connection: Connection,
  repo: Repository,
  found: FilesToPush,
  {
    isPublic,
    revision,
    message,
    onProgress,
  }: { isPublic: boolean; revision: string; message?: string; onProgress(done: number, total: number): void },
): Promise<Pushed> {
  const { settings, signal, asked } = connection;
  await makeRepository(connection, repo, isPublic);
  if (revision !== MAIN) await makeBranch(connection, repo, revision);
  await refuseOthers(connection, repo, revision, found);
  const total = found.files.reduce((sum, { size }) => sum + size, 0);
  const done = new Set<string>();
  let sent = 0;
  const tell = () => {
    const whole = found.files.reduce((sum, { path, size }) => sum + (done.has(path) ? size : 0), 0);
    onProgress(Math.min(total, Math.max(sent, whole)), total);
  };
  connection.onSent = (bytes) => {
    sent += bytes;
    tell();
  };
  const { commitIter } = await import('@huggingface/hub');
  const events = commitIter({
    ...SET_WHEN_SENT,
    repo,
    title: message ?? `Upload ${basename(found.folder)} with selfjudge`,
    branch: revision,
    operations: found.files.map(({ path, from }) => ({
      operation: 'addOrUpdate',
      path,
      content: pathToFileURL(from),
    })),
    hubUrl: settings.endpoint,
    fetch: connection.fetch,
    // Large files go the way of Git LFS, which every hub speaks.
    useXet: false,
    ...(signal !== undefined && { abortSignal: signal }),
  });
  for (;;) {
    const { value, done: isOver } = await events.next();
    if (isOver === true) {
      const oid = value?.commit.oid;
      if (oid === undefined) throw connection.strange('a commit', 'none');
      onProgress(total, total);
      const files = found.files.map(({ path }) => path);
      const { page } = asked;
      const url = revision === MAIN ? page : `${page}/tree/${encodeURIComponent(revision)}`;
      return { url, commit: oid, files };
    }
    if (value.event === 'fileProgress' && value.state === 'uploading' && value.progress === 1) {
      done.add(value.path);
      tell();
    }
  }
}

type Repository = { type: 'model'; name: string };

async function makeRepository(connection: Connection, repo: Repository, isPublic: boolean): Promise<void> {
  const { createRepo, modelInfo } = await import('@huggingface/hub');
  const { settings, asked } = connection;
  const hub = { hubUrl: settings.endpoint, ...SET_WHEN_SENT };
  try {
    const visibility = isPublic ? 'public' : 'private';
    await createRepo({ ...hub, fetch: connection.fetch, repo, visibility });
  } catch (error) {
    if (!(error instanceof HubError) || error.details.status !== 409) throw error;
    const { private: isPrivate } = await modelInfo({
      ...hub,
      fetch: connection.fetch,
      name: repo.name,
      revision: MAIN,
    });
    if (isPrivate || isPublic) return;
    throw refused(
      asked.name,
      'a repository that not everybody sees',
      `${asked.page}, which is public`,
      'give --public',
    );
  }
}

async function makeBranch(connection: Connection, repo: Repository, branch: string): Promise<void> {
  const { createBranch } = await import('@huggingface/hub');
  const { settings, fetch } = connection;
  try {
    await createBranch({ hubUrl: settings.endpoint, fetch, ...SET_WHEN_SENT, repo, branch });
  } catch (error) {
    if (!(error instanceof HubError) || error.details.status !== 409) throw error;
  }
}

/** Files of two models in one folder would be read as one. @throws HubError naming those that are there */
async function refuseOthers(
  connection: Connection,
  repo: Repository,
  branch: string,
  { files }: FilesToPush,
): Promise<void> {
  const { listFiles } = await import('@huggingface/hub');
  const { settings, fetch, asked } = connection;
  const own = new Set(files.map(({ path }) => path));
  const others: string[] = [];
  for await (const { path } of listFiles({
    repo,
    revision: branch,
    recursive: true,
    hubUrl: settings.endpoint,
    fetch,
  }))
    if ((isTextOfModel(path) || isWeights(path)) && !own.has(path)) others.push(path);
  if (others.length === 0) return;
  throw refused(
    asked.name,
    'a branch without files of another model, which would be read with these',
    listed(others),
    `remove them on ${asked.page}, or give another --revision`,
  );
}

const refused = (asked: string, expected: string, received: string, advice?: string): HubError =>
  new HubError({ asked, expected, received, ...(advice !== undefined && { advice }) });
