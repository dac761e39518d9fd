/** What a judge reads of an answer that begins with reasoning: what follows it, or all of it. */
export type JudgeReasoning = 'drop' | 'keep';

const OPEN = '<think>';
const CLOSE = '</think>';

/** An answer without the reasoning before it: nothing, where the reasoning has no end. */
export function withoutReasoning(answer: string): string {
  const end = answer.lastIndexOf(CLOSE);
  if (end !== -1) return answer.slice(end + CLOSE.length).trimStart();
  return answer.trimStart().startsWith(OPEN) ? '' : answer;
}
