import type { TokenizerConfig } from './tokenizerFiles.js';

/** The folder of further templates beside chat_template.jinja. */
export const TEMPLATES = 'additional_chat_templates';

export interface ChatTemplates {
  /** Jinja: the template named 'default', or the only one there is. */
  chatTemplate?: string;
  /** Where there are several, all by name. */
  chatTemplates?: Record<string, string>;
}

/**
 * The chat templates of a folder, as transformers finds them: files of their own go before tokenizer_config.json, and that
 * before chat_template.json.
 *
 * @param file chat_template.jinja
 * @param further files of additional_chat_templates/ by name
 * @param processor chat_template.json
 */
export function chatTemplates(
  config: TokenizerConfig,
  file: string | undefined,
  further: Readonly<Record<string, string>>,
  processor: Readonly<Record<string, unknown>>,
): ChatTemplates {
  const files = { ...(file !== undefined && { default: file }), ...further };
  if (Object.keys(files).length > 0) return chosen(files);
  return chosen(templatesIn(config.chat_template) ?? templatesIn(processor.chat_template) ?? {});
}

function chosen(all: Record<string, string>): ChatTemplates {
  const names = Object.keys(all);
  const own = Object.hasOwn(all, 'default') ? all.default : undefined;
  const several = names.length > 1 || (names.length === 1 && own === undefined);
  return { ...(own !== undefined && { chatTemplate: own }), ...(several && { chatTemplates: all }) };
}

/** A template, or a list of { name, template }, or templates by name. */
function templatesIn(value: unknown): Record<string, string> | undefined {
  if (typeof value === 'string') return { default: value };
  if (typeof value !== 'object' || value === null) return undefined;
  const entries: [unknown, unknown][] = Array.isArray(value)
    ? (value as ({ name?: unknown; template?: unknown } | null)[]).map((entry) => [
        entry?.name,
        entry?.template,
      ])
    : Object.entries(value);
  const named = entries.filter((entry): entry is [string, string] =>
    entry.every((part) => typeof part === 'string'),
  );
  return named.length === 0 ? undefined : Object.fromEntries(named);
}
