import { fileURLToPath } from 'node:url';
import type { JudgeTemplate } from '@selfjudge/judging';
import { loadJudgeTemplate } from '@selfjudge/judging/internal';

export const WORLD_TEMPLATES = ['plain', 'principles', 'rationale'] as const;
export type WorldTemplate = (typeof WORLD_TEMPLATES)[number];

/** The small world's judge templates: files like any user's own. */
export const worldTemplate = (kind: WorldTemplate): JudgeTemplate =>
  loadJudgeTemplate(fileURLToPath(new URL(`../../templates/world-${kind}.yaml`, import.meta.url)));
