import { join } from 'node:path';
import { FileFormatError, shellWord } from '@selfjudge/base';
import { readSummary, RUN_LAYOUT } from '@selfjudge/training/runs/internal';
import { z } from 'zod';
import { SLOTS, type Slot } from './facts.js';
import type { WorldReport } from './report.js';

export interface QuickstartResult extends WorldReport {
  outputDir: string;
  /** Wall time of each phase, in the process that finished it. */
  seconds: Record<string, number>;
}

/** null stands for a number that was not finite. */
const figure = z
  .number()
  .nullable()
  .transform((value) => value ?? NaN);
const estimate = z.object({ value: figure, low: figure, high: figure, n: z.number() });
const judge = z.object({ accuracy: estimate, picksLonger: figure, longerIsBetter: figure });
const slots = z.object(
  Object.fromEntries(SLOTS.map((slot) => [slot, figure])) as Record<Slot, typeof figure>,
);
const answer = z.object({ text: z.string(), gold: figure });
const result = z.object({
  outputDir: z.string(),
  seconds: z.record(z.string(), figure),
  judge: z.object({ base: judge, start: judge, end: judge }),
  contenders: z.array(
    z.object({
      name: z.string(),
      score: z.object({
        gold: estimate,
        perfect: estimate,
        win: estimate,
        slots,
        tokens: figure,
        surplus: figure,
      }),
      kl: figure,
      step: z.number(),
    }),
  ),
  comparisons: z.array(z.object({ against: z.string(), gold: estimate, win: estimate })),
  bestOf: z.array(
    z.object({
      name: z.string(),
      rows: z.array(z.object({ n: z.number(), plain: estimate, held: estimate })),
    }),
  ),
  curve: z.array(z.object({ step: z.number(), winRate: figure, kl: figure })),
  examples: z.array(z.object({ prompt: z.string(), before: answer, after: answer })),
});

/** The result of a complete quickstart, from its folder; undefined before. @throws FileFormatError when it is damaged */
export function readResult(outputDir: string): QuickstartResult | undefined {
  const path = join(outputDir, RUN_LAYOUT.summary);
  const advice = `after rm ${shellWord(path)} the same command writes it again`;
  const summary = readSummary(outputDir, advice);
  if (summary === undefined) return undefined;
  const read = result.safeParse(summary);
  if (read.success) return { ...read.data, outputDir };
  const [{ path: place, message }] = read.error.issues;
  throw new FileFormatError({
    path,
    expected: `the result of a quickstart, with ${place.join('.')}`,
    received: message,
    advice,
  });
}
