import { fileURLToPath } from 'node:url';
import { loadJudgeTemplate, type JudgeTemplate } from '@selfjudge/judging';

/** The small world's judge templates: files like any user's own. */
export const worldTemplate = (kind: 'plain' | 'principles' | 'rationale'): JudgeTemplate =>
  loadJudgeTemplate(fileURLToPath(new URL(`../../templates/world-${kind}.yaml`, import.meta.url)));
