import type { Said } from '../said.js';
import type { Text } from '../text.js';

/** A preference, read. */
export const preferred = (
  prompt: Text,
  chosen: string,
  rejected: string,
  more: Partial<Said> = {},
): Said => ({
  kind: 'preferences',
  prompt,
  answers: [
    { name: 'chosen', text: chosen },
    { name: 'rejected', text: rejected },
  ],
  ...more,
});

/** A prompt alone, read. */
export const asked = (prompt: Text): Said => ({ kind: 'prompts', prompt, answers: [] });
