import { momentText } from '@selfjudge/text/internal';
import type { ResolvedConfig } from '../config/index.js';

/** What chat templates were told as today before runs kept their day. */
const FORMER_DAY = '2024-07-26';

/**
 * A run's configuration with the moment that its chat template is told as today: what was asked for, what it began with, or
 * now. So a run that goes on another day ends with the bits it would have had.
 * @param begun what the run in the folder began with; undefined for a new one
 * @returns told differs from the configuration's only in runs that began before their moment was written down
 */
export function withMoment(
  config: ResolvedConfig,
  begun: Readonly<Record<string, unknown>> | undefined,
): { config: ResolvedConfig; told: string } {
  const { chat_template_date: asked } = config as { chat_template_date?: string };
  const kept = begun === undefined ? momentText(new Date()) : begun.chat_template_date;
  const moment = asked ?? (kept as string | undefined);
  return { config: { ...config, chat_template_date: moment }, told: moment ?? FORMER_DAY };
}
