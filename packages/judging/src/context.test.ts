import { expect, it } from 'vitest';
import { contextText } from './context.js';

const turns = [
  { role: 'system' as const, content: 'Be brief.' },
  { role: 'user' as const, content: 'Why?' },
  { role: 'assistant' as const, content: 'So.' },
  { role: 'user' as const, content: 'Really?' },
];
const SHOWN = 'User: Why?\n\nAssistant: So.\n\nUser: Really?';

it('shows one message as it is and a conversation turn by turn', () => {
  expect(contextText('Why?')).toBe('Why?');
  expect(contextText([{ role: 'user', content: 'Why?' }])).toBe('Why?');
  expect(contextText(turns)).toBe(`System: Be brief.\n\n${SHOWN}`);
});

it('shows it as a template says', () => {
  expect(contextText('Why?', { speakers: 'always' })).toBe('User: Why?');
  expect(contextText(turns, { speakers: 'never' })).toBe('Be brief.\n\nWhy?\n\nSo.\n\nReally?');
  expect(contextText(turns, { system: 'drop' })).toBe(SHOWN);
  // What is left is one turn, and so is shown without a speaker.
  const told = [turns[0], { role: 'developer' as const, content: 'Be kind.' }, turns[1]];
  expect(contextText(told, { system: 'drop' })).toBe('Why?');
  expect(() => contextText(told.slice(0, 2), { system: 'drop' })).toThrow(
    'expected a turn that is no system message, as the judge template drops those, received system, developer',
  );
});
