import { expect, it } from 'vitest';
import { contextText } from './context.js';

it('shows one message as it is and a conversation turn by turn', () => {
  expect(contextText('Why?')).toBe('Why?');
  expect(contextText([{ role: 'user', content: 'Why?' }])).toBe('Why?');
  const turns = [
    { role: 'system' as const, content: 'Be brief.' },
    { role: 'user' as const, content: 'Why?' },
    { role: 'assistant' as const, content: 'So.' },
    { role: 'user' as const, content: 'Really?' },
  ];
  expect(contextText(turns)).toBe('System: Be brief.\n\nUser: Why?\n\nAssistant: So.\n\nUser: Really?');
});
