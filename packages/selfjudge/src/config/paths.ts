import { expandHome, isHubName } from '@selfjudge/base/internal';
import { z } from 'zod';

/** `expand` of a text; what it throws is what was expected. */
const expanded = (expand: (text: string) => string) => (text: string, context: z.RefinementCtx) => {
  try {
    return expand(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message, input: text });
    return z.NEVER;
  }
};

const isText = (text: string) => text !== '' && !text.includes('\0');

/** A path of this machine, with ~ and $HOME. The system takes one up to the first NUL, which YAML can write. */
export const path = z.string().refine(isText).transform(expanded(expandHome));

/** A path of something that is there already, so that a name of a hub can be told from it. */
export const input = z
  .string()
  .refine(isText)
  .transform(
    expanded((text) => {
      const path = expandHome(text);
      if (!isHubName(path)) return path;
      throw new RangeError(
        `a path on this machine: nothing is there, and ids of a hub are not downloaded (get it with ` +
          `hf download ${path} --local-dir DIR, and give DIR or the JSONL file in it)`,
      );
    }),
  );

/** The name of a template or the path of one. */
export const templateName = z.string().transform(expanded(expandHome));
