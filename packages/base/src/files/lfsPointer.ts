import { FileFormatError } from '../errors.js';

/** What Git LFS leaves in the place of a file that was not downloaded begins so. */
const BEGINNING = 'version https://git-lfs.github.com/spec/';

/** No pointer is longer (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md). */
export const LFS_POINTER_BYTES = 1024;

/**
 * @param text the file's beginning
 * @throws FileFormatError where the file is a pointer, saying how to get what it stands for
 */
export function refuseLfsPointer(path: string, text: string): void {
  if (!text.startsWith(BEGINNING)) return;
  throw new FileFormatError({
    path,
    expected: 'the file itself',
    received: 'a Git LFS pointer: the repository was cloned without its large files',
    advice: 'Run `git lfs pull` in its folder, or download the file itself.',
  });
}
