import { momentText } from '@selfjudge/text/internal';
import { modelFields, valuesOf, type ResolvedConfig } from '../config/index.js';

const { chatTemplateDate } = modelFields;

/** What chat templates were told as today before runs kept their day. */
const FORMER_DAY = '2024-07-26';

/**
 * A run's configuration with the moment that its chat template is told as today: what was asked for, what it began with, or
 * now. So a run that goes on another day ends with the bits it would have had.
 * @param begun what the run in the folder began with; undefined for a new one
 * @throws ConfigError when what it began with is no moment
 * @returns told differs from the configuration's only in runs that began before their moment was written down
 */
export function withMoment(
  config: ResolvedConfig,
  begun: Readonly<Record<string, unknown>> | undefined,
  now = new Date(),
): { config: ResolvedConfig; told: string } {
  const kept = begun === undefined ? momentText(now) : begun.chat_template_date;
  const dated = { ...config, chat_template_date: config.chat_template_date ?? kept };
  const { chatTemplateDate: told = FORMER_DAY } = valuesOf({ chatTemplateDate }, dated);
  return { config: dated, told };
}
