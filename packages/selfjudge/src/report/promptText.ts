/** A prompt as a row has it, text or turns, as text. */
export function promptText(prompt: unknown): string {
  if (!Array.isArray(prompt)) return typeof prompt === 'string' ? prompt : JSON.stringify(prompt ?? '');
  return prompt
    .map((turn: { role?: unknown; content?: unknown }) => `${String(turn.role)}: ${String(turn.content)}`)
    .join('\n');
}
