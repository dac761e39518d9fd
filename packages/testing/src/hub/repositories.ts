import { createHash } from 'node:crypto';

/** A file as the hub lists it. */
export interface ListedFile {
  type: 'file';
  path: string;
  size: number;
  oid: string;
  lfs?: { oid: string; size: number; pointerSize: number };
}

export type Contents = Readonly<Record<string, string | Uint8Array>>;

export const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

const gitHash = (content: Uint8Array): string =>
  createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');

/** What lies in Git LFS: what a new repository's .gitattributes say. */
export const isLarge = (path: string): boolean => /\.(safetensors|gguf|bin|gz|parquet|model)$/.test(path);

/** A repository of the stand-in: its commits, and the branches that name them. */
export class Repository {
  readonly branches = new Map<string, string>();
  readonly commits = new Map<string, ReadonlyMap<string, Buffer>>();
  /** The token that opens it; undefined where everybody sees it. */
  token?: string;
  /** Whether people have to ask for access on its page. */
  gated = false;

  constructor(
    readonly kind: 'model' | 'dataset',
    readonly id: string,
  ) {}

  /** A commit on a branch, in the place of what it had. @returns its hash */
  commit(files: Contents | ReadonlyMap<string, Buffer>, branch = 'main'): string {
    const entries = files instanceof Map ? [...files.entries()] : Object.entries(files as Contents);
    const content = new Map(entries.map(([path, bytes]) => [path, Buffer.from(bytes as Uint8Array)]));
    const hash = createHash('sha1').update(`${this.id} ${this.commits.size}`);
    for (const [path, bytes] of content) hash.update(path).update(bytes);
    const commit = hash.digest('hex');
    this.commits.set(commit, content);
    this.branches.set(branch, commit);
    return commit;
  }

  /** The commit that a revision means. */
  commitOf(revision: string): string | undefined {
    return this.branches.get(revision) ?? (this.commits.has(revision) ? revision : undefined);
  }

  listing(commit: string): ListedFile[] {
    return [...this.commits.get(commit)!].map(([path, content]) => ({
      type: 'file',
      path,
      size: content.length,
      oid: gitHash(content),
      ...(isLarge(path) && { lfs: { oid: sha256(content), size: content.length, pointerSize: 134 } }),
    }));
  }
}
