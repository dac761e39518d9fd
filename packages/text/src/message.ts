export type Role = 'system' | 'user' | 'assistant';

/** One turn of a conversation. */
export interface Message {
  role: Role;
  content: string;
}

const ROLES: readonly string[] = ['system', 'user', 'assistant'];

/** Whether `value` is a message: a known role and a string of content. Further properties are allowed. */
export function isMessage(value: unknown): value is Message {
  if (typeof value !== 'object' || value === null) return false;
  const { role, content } = value as Partial<Message>;
  return typeof content === 'string' && typeof role === 'string' && ROLES.includes(role);
}
