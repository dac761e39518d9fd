import { createHash } from 'node:crypto';
import { createReadStream, existsSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { HubError, fileSystemError, syncPath } from '@selfjudge/base';
import { passing, whole, type Connection } from './connection.js';
import { PassingFailure, refusal, UnreachableError } from './failure.js';
import { patiently, PASSING_STATUSES } from './patience.js';
import type { RepositoryFile } from './repositoryFiles.js';

/** Bytes with which a broken download has got on: the tries count anew. */
const PROGRESS = 1 << 20;
/** Whole files with other contents than their hash says before it is believed. */
const MOST_WRONG = 2;

/** Where a file comes from and goes. */
export interface Transfer {
  file: RepositoryFile;
  url: string;
  /** Where the contents lie once they are whole and right. */
  blob: string;
}

/**
 * Downloads a file into the cache. What is there of it already, in BLOB.selfjudge.incomplete, is not asked for again; the
 * name BLOB is given to contents of the right size and hash alone.
 *
 * @param at told how many bytes are here
 * @throws HubError when the server does not give them, FileSystemError, the signal's reason; what has come so far stays
 */
export async function download(
  { file, url, blob }: Transfer,
  connection: Connection,
  at: (bytes: number) => void,
): Promise<void> {
  const part = partOf(blob);
  const { moving } = connection.settings;
  let wrong = 0;
  const giveUp = ({ message }: PassingFailure, tries: number) =>
    new HubError({
      asked: connection.asked.name,
      expected: `${file.path} with ${file.size} bytes from ${new URL(url).origin}`,
      received: `${message}${tries > 1 ? `, ${tries} times without getting on` : ''}`,
      advice: `${sizeOf(part)} bytes are kept; the same command goes on from there`,
    });
  try {
    await patiently(
      async (progressed) => {
        let had = sizeOf(part);
        if (had > file.size) had = dropped(part);
        at(had);
        if (had < file.size)
          await exchanged(connection, url, had, async (response, chunks) => {
            const from = await startOf(response, chunks, had, file, connection);
            await write(part, from, file.size, chunks, (bytes) => {
              at(bytes);
              if (bytes - had >= PROGRESS) progressed();
            });
          });
        else if (had === 0) writeFileSync(part, '');
        const size = sizeOf(part);
        if (size < file.size) throw new PassingFailure(`an end after ${size} bytes`);
        const fault = await contentFault(part, file, connection.signal);
        if (fault === undefined) return;
        dropped(part);
        if (++wrong === MOST_WRONG) throw giveUp(new PassingFailure(fault), wrong);
        throw new PassingFailure(fault);
      },
      moving,
      { giveUp, onWait: connection.onNote },
      connection.signal,
    );
    syncPath(part);
    renameSync(part, blob);
  } catch (error) {
    throw fileSystemError(part, 'a file that can be written', error);
  }
}

/** What has come of a blob. Whoever downloads it with huggingface_hub at the same time has another file. */
export const partOf = (blob: string): string => `${blob}.selfjudge.incomplete`;

const sizeOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0);

function dropped(path: string): 0 {
  rmSync(path, { force: true });
  return 0;
}

/** An exchange of which it may be said that nobody was there: of one that had begun that may pass. */
async function exchanged(
  connection: Connection,
  url: string,
  had: number,
  use: Parameters<typeof connection.exchange<void>>[3],
): Promise<void> {
  try {
    await connection.exchange(url, requestFor(had), connection.settings.moving.silence, use);
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    throw new PassingFailure(String(error.details.received));
  }
}

/** Compressed, a file would have neither its length nor a middle to go on from. */
const requestFor = (had: number): RequestInit => ({
  headers: { 'accept-encoding': 'identity', ...(had > 0 && { range: `bytes=${had}-` }) },
});

/**
 * Where in the file the bytes of an answer begin: where they were asked for, or at its beginning.
 * @throws PassingFailure for an answer that is not what was asked for, HubError for a refusal
 */
async function startOf(
  response: Response,
  chunks: AsyncIterable<Uint8Array>,
  had: number,
  { size, path }: RepositoryFile,
  { asked, settings }: Connection,
): Promise<number> {
  const { status, headers } = response;
  if (PASSING_STATUSES.has(status)) throw passing(response);
  if (status === 416) return refuseRange(had, size);
  if (status !== 200 && status !== 206) {
    // Addresses of large files are good for some time only; the next try gets another.
    const { origin, host } = new URL(response.url);
    if (origin !== new URL(settings.endpoint).origin) throw new PassingFailure(`status ${status} of ${host}`);
    throw await refusal(await whole(response, chunks), asked, settings);
  }
  const from = status === 206 ? had : 0;
  const range = headers.get('content-range');
  const wanted = `bytes ${from}-${size - 1}/${size}`;
  if (status === 206 && range !== wanted)
    throw new PassingFailure(`${range ?? 'no range'} of ${path}, where ${wanted} was to come`);
  const length = headers.get('content-length');
  const isPlain = (headers.get('content-encoding') ?? 'identity') === 'identity';
  if (isPlain && length !== null && Number(length) !== size - from)
    throw new PassingFailure(`an answer of ${length} bytes, where ${size - from} were to come`);
  return from;
}

/** A server that has no more bytes than are here already. */
function refuseRange(had: number, size: number): never {
  throw new PassingFailure(`${had} bytes and no more, where the hub lists ${size}`);
}

/** Writes what comes behind `from`; no more than `size` bytes in all. @param at told how many bytes are here */
async function write(
  path: string,
  from: number,
  size: number,
  chunks: AsyncIterable<Uint8Array>,
  at: (bytes: number) => void,
): Promise<void> {
  const handle = await open(path, from === 0 ? 'w' : 'r+');
  let bytes = from;
  try {
    for await (const come of chunks) {
      // What comes behind the last byte is nobody's: the hash says whether the file is right.
      const chunk = come.subarray(0, size - bytes);
      for (let done = 0; done < chunk.length;)
        done += (await handle.write(chunk, done, chunk.length - done, bytes + done)).bytesWritten;
      bytes += chunk.length;
      at(bytes);
      if (bytes === size) break;
    }
  } finally {
    await handle.close();
  }
}

/** What is wrong with the contents of a whole file: a large one has its SHA-256, another git's SHA-1. */
async function contentFault(
  path: string,
  { etag, size }: RepositoryFile,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const isLarge = etag.length === 64;
  const hash = createHash(isLarge ? 'sha256' : 'sha1');
  if (!isLarge) hash.update(`blob ${size}\0`);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, signal }))
    hash.update(chunk as Buffer);
  const found = hash.digest('hex');
  return found === etag
    ? undefined
    : `contents of ${isLarge ? 'SHA-256' : 'git hash'} ${found}, where ${etag} was to come`;
}
