import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { adapterBase, findModel, hubBase } from '@selfjudge/engine/internal';
import { formatHubName } from '@selfjudge/base/internal';
import { filesIn } from './folderFiles.js';
import { listed } from './listed.js';
import { ggufFiles, modelFiles, shardsIn } from './modelFiles.js';
import type { RepositoryFile } from './repositoryFiles.js';

/** What of a folder is pushed. */
export interface FilesToPush {
  folder: string;
  /** By their names in the repository, with their places here. */
  files: { path: string; from: string; size: number }[];
  /** What is worth knowing: the folder that is meant, what is left out. */
  notes: string[];
}

/** What lies beside a model for others: people, and tokenizers that are not read here. */
const FOR_OTHERS = /^((README|LICEN[CS]E|NOTICE|USE_POLICY)[^/]*|vocab\.json|merges\.txt)$/i;

/**
 * The files that make the model, the adapter or the result that a path means: those that are opened, and those for others.
 * @throws FileFormatError for what is none of these, HubError for one without weights
 */
export function filesToPush(path: string): FilesToPush {
  const { kind, path: at } = findModel(path);
  const folder = kind === 'gguf' ? dirname(at) : at;
  const all = filesIn(folder);
  const opened =
    kind === 'gguf' ? ggufFiles(all, relative(folder, at), path) : openedFiles(all, folder, path);
  const files = [...opened, ...all.filter((file) => FOR_OTHERS.test(file.path))];
  const taken = new Set(files.map((file) => file.path));
  const left = all.map((file) => file.path).filter((name) => !taken.has(name));
  return {
    folder,
    files: files.map(({ path: name, size }) => ({ path: name, from: join(folder, name), size })),
    notes: [
      ...(folder === path ? [] : [`${folder} is pushed`]),
      ...(left.length === 0 ? [] : [`left out, as a model is not opened from it: ${listed(left)}`]),
      ...(kind === 'adapter' ? baseNotes(folder) : []),
    ],
  };
}

function openedFiles(all: readonly RepositoryFile[], folder: string, path: string): RepositoryFile[] {
  const { files, indexes } = modelFiles(all, path);
  return [
    ...files,
    ...indexes.flatMap((index) => shardsIn(readFileSync(join(folder, index.path), 'utf8'), all, path)),
  ];
}

/** Others have the base that an adapter names only where the hub has it. */
function baseNotes(folder: string): string[] {
  const [name, hub] = [adapterBase(folder), hubBase(folder)];
  if (name === undefined) return ['adapter_config.json names no base: who opens the adapter has to give one'];
  return hub === undefined
    ? [`adapter_config.json names the base ${name}, which others do not have: push it too, and name it there`]
    : [`its base is ${formatHubName(hub)}`];
}
