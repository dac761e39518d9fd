import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { quickstartDefaults } from './quickstart.js';
import { WorldTraining } from './training.js';
import { scoreJudge } from './measure.js';
import { WORLD_TEMPLATES } from './templates.js';
import { CORPUS_WRITERS, writeAnswer } from './writer.js';
import { Random } from '@selfjudge/base';

describe('judge templates of the world', () => {
  const outputDir = mkdtempSync(join(tmpdir(), 'selfjudge-templates-'));
  afterAll(() => rmSync(outputDir, { recursive: true }));

  it.each(WORLD_TEMPLATES)(
    '%s trains from the shared base and judges better than a coin',
    async (template) => {
      const options = {
        ...quickstartDefaults,
        outputDir,
        judgeTemplate: template,
        jsftSteps: 120,
        labelNoise: 0,
      };
      const world = await WorldTraining.open(options, { onPhase: () => {} });
      const base = await world.base();
      const { model } = await world.jsft(base, { name: `jsft-${template}` });

      const random = new Random(1);
      const test = world.splits.test.slice(0, 200);
      const answers = test.map((prompt) =>
        Array.from({ length: 4 }, () => writeAnswer(prompt, CORPUS_WRITERS, random)),
      );
      const { accuracy } = await scoreJudge(world.judge(model), test, answers);
      expect(accuracy.low).toBeGreaterThan(0.5);

      const rows = readFileSync(join(outputDir, `jsft-${template}`, 'metrics.jsonl'), 'utf8')
        .trimEnd()
        .split('\n');
      const rationale = rows.map((row) => (JSON.parse(row) as Record<string, number>)['loss/rationale']);
      if (template === 'rationale') {
        expect(rationale[0]).toBeGreaterThan(2);
        expect(rationale.at(-1)).toBeLessThan(0.6 * rationale[0]);
      } else expect(rationale.every((loss) => loss === undefined)).toBe(true);
    },
    120_000,
  );
});
