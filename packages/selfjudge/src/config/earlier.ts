/** What a config.yaml says of itself. 2: `constant` does not warm up, as in transformers. */
export const CONFIG_FORMAT = 2;

/**
 * A configuration of an earlier format with the same meaning in today's words. Those that runs wrote before there were
 * formats name their verb and no format: their `constant` warmed up.
 */
export function todaysMeaning(content: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { format, ...rest } = content;
  const isEarlier = rest.verb !== undefined && format === undefined;
  if (isEarlier && rest.lr_scheduler_type === 'constant')
    return { ...rest, lr_scheduler_type: 'constant_with_warmup' };
  return rest;
}
