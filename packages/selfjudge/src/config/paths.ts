import { expandHome, parseHubName } from '@selfjudge/base/internal';
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

/** A path of something that is there already, or a name on the hub. */
export const input = z
  .string()
  .refine(isText)
  .transform(
    expanded((text) => {
      const path = expandHome(text);
      parseHubName(path, 'model');
      return path;
    }),
  );

/** The name of a template or the path of one. */
export const templateName = z.string().transform(expanded(expandHome));
/** A known shape's name or the path of a mapping. */
export const shapeName = z.string().refine(isText).transform(expanded(expandHome));

export const isAddress = (text: string): boolean => /^https?:\/\//.test(text) && URL.canParse(text);

/** Who judges: something that is there already, an address, or a word. */
export const judgeWord = z.union([z.string().refine(isAddress), input]);
