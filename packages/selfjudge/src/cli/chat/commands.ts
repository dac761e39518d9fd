/** What a line that begins with a slash asks for. */
export type CommandName = 'help' | 'reset' | 'system' | 'undo' | 'retry' | 'save' | 'exit';

interface About {
  argument?: string;
  says: string;
}

export const COMMANDS: Readonly<Record<CommandName, About>> = {
  help: { says: 'this list' },
  reset: { says: 'begin anew; the system prompt stays' },
  system: { argument: 'TEXT', says: 'what the model is told first; without TEXT nothing' },
  undo: { says: 'take back the last question and its answer' },
  retry: { says: 'another answer to the last question' },
  save: { argument: 'FILE', says: 'write the conversation as a row {messages}, which sft and inspect read' },
  exit: { says: 'leave; so do Ctrl-D, and Ctrl-C at the prompt. Lines behind it are not read' },
};

/** Other programs' words for them. */
const ALIASES: Readonly<Record<string, CommandName>> = {
  '?': 'help',
  clear: 'reset',
  regen: 'retry',
  bye: 'exit',
  quit: 'exit',
};

/** Completions of what begins a line. */
export const COMPLETIONS = Object.keys(COMMANDS).map((name) => `/${name}`);

/** A line as a command; undefined for a line to the model. `name` is undefined where there is no such command. */
export function commandOf(
  line: string,
): { word: string; name: CommandName | undefined; rest: string } | undefined {
  const [, word, rest] = /^\/(\S*)\s*(.*)$/s.exec(line) ?? [];
  if (word === undefined) return undefined;
  const name = Object.hasOwn(COMMANDS, word) ? (word as CommandName) : ALIASES[word];
  return { word: `/${word}`, name, rest: rest.trim() };
}

/** The commands as a table. */
export function helpText(): string {
  const rows = Object.entries(COMMANDS).map(([name, { argument = '', says }]) => [
    `/${name} ${argument}`.trimEnd(),
    says,
  ]);
  rows.push(['text \\', 'goes on in the next line']);
  rows.push(['"""text', 'goes on up to a line that ends with """']);
  rows.push(['Ctrl-C', 'stops an answer and keeps what has come; twice leaves']);
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, says]) => `  ${left.padEnd(width)}  ${says}`).join('\n');
}
