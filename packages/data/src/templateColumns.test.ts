import { describe, expect, it } from 'vitest';
import { byteTokenizer, Tokenizer, type Message } from '@selfjudge/text';

import { withExactColumns } from './exactColumns.js';
import { toAnswerPair, toPreferencePair, toPromptRow, toSftExample } from './convert.js';
import { sftExampleOf } from './rows.js';
import { promptColumns, templateColumnsOf } from './templateColumns.js';
import { promptIds, sftSequence } from './tokenise.js';

const user: Message = { role: 'user', content: 'q' };
const tools = [{ type: 'function', function: { name: 'f' } }];
const columns = { tools, documents: [{ text: 'd' }], chat_template_kwargs: { day: 'Monday' } };
const told = { tools, documents: [{ text: 'd' }], day: 'Monday' };

describe('columns that belong to the chat template', () => {
  it('come with the prompt of every kind of row', () => {
    const prompt = { messages: [user], templateArguments: told };
    const pair = toPreferencePair({ prompt: [user], chosen: 'a', rejected: 'b', ...columns }, 'x').value!;
    expect(pair.prompt).toEqual(prompt);
    expect(toPromptRow({ prompt: 'q', ...columns }, 'x').value!.prompt).toEqual(prompt);
    expect(toAnswerPair({ prompt: [user], completions: ['a', 'b'], ...columns }).value!.prompt).toEqual(
      prompt,
    );
    const example = {
      id: 'x',
      messages: [user, { role: 'assistant', content: 'a' }],
      templateArguments: told,
    };
    expect(toSftExample({ prompt: 'q', completion: 'a', ...columns }, 'x').value).toEqual(example);
    expect(toSftExample({ messages: example.messages, ...columns }, 'x').value).toEqual(example);
    expect(sftExampleOf(pair)).toEqual(example);
    expect(promptColumns(pair.prompt)).toEqual({ prompt: [user], ...columns });
  });

  it('may be JSON text, null or empty, and are refused by name where they are something else', () => {
    const args = (more: object) => toSftExample({ prompt: 'q', completion: 'a', ...more }, 'x');
    const messages = [user, { role: 'assistant', content: 'a' }];
    const example = { id: 'x', messages };
    expect(args({ tools: JSON.stringify(tools) }).value).toEqual({
      ...example,
      templateArguments: { tools },
    });
    expect(args({ tools: null, documents: null, chat_template_kwargs: null }).value).toEqual(example);
    expect(args({ tools, chat_template_kwargs: { tools: null } }).value).toEqual({
      ...example,
      templateArguments: { tools: null },
    });
    for (const [more, reason] of [
      [{ tools: 'none' }, /^tools: expected a list of objects/],
      [{ documents: ['text'] }, /^documents: expected a list of objects/],
      [{ chat_template_kwargs: 5 }, /^chat_template_kwargs: expected an object/],
      [{ chat_template_kwargs: { messages: [] } }, /^chat_template_kwargs: 'messages' is set/],
    ] as const)
      expect(args(more).problem!.reason).toMatch(reason);
  });

  it('are named by text as it stands, which shows them to no one', () => {
    const asIs = { promptFormat: 'standard' } as const;
    const unread = ['tools', 'documents', 'chat_template_kwargs'];
    const prompt = { text: 'q', unread };
    const pair = toPreferencePair({ prompt: 'q', chosen: 'a', rejected: 'b', ...columns }, 'x', asIs).value!;
    expect(pair.prompt).toEqual(prompt);
    expect(toPromptRow({ prompt: 'q', ...columns }, 'x', asIs).value!.prompt).toEqual(prompt);
    const example = { id: 'x', prompt, completion: 'a' };
    expect(toSftExample({ prompt: 'q', completion: 'a', ...columns }, 'x', asIs).value).toEqual(example);
    expect(sftExampleOf({ ...pair, id: 'x' })).toEqual(example);
    expect(promptColumns(prompt)).toEqual({ prompt: 'q' });
    expect(templateColumnsOf(prompt)).toEqual(unread);
    expect(templateColumnsOf({ messages: [user], templateArguments: told })).toEqual(unread);
    for (const none of [{}, { tools: [], documents: null, chat_template_kwargs: {} }, { tools: '[]' }]) {
      const row = toPromptRow({ prompt: 'q', ...none }, 'x', asIs).value!;
      expect(row.prompt).toEqual({ text: 'q' });
      expect(templateColumnsOf(row.prompt)).toEqual([]);
    }
  });

  it('reach the template', () => {
    const { files } = byteTokenizer();
    const template =
      '{{ day }}{{ tools | tojson if tools }}{% for m in messages %}{{ m.content }}{% endfor %}';
    const tokenizer = new Tokenizer({ ...files, chatTemplate: template });
    const { value } = toSftExample({ prompt: [user], completion: 'a', ...columns }, 'x');
    const text = `Monday${'[{"type": "function", "function": {"name": "f"}}]'}q`;
    const { tokens } = sftSequence(tokenizer, value!).value!.sequence;
    expect(tokenizer.decode(tokens)).toMatch(new RegExp(`^${text.replace(/[[\]{}]/g, '\\$&')}a`));
    const { prompt } = toPromptRow({ prompt: 'q', ...columns }, 'x').value!;
    expect(tokenizer.decode(promptIds(tokenizer, prompt))).toBe(text);
  });
});

describe('numbers and keys of a line', () => {
  it('are shown as it writes them', () => {
    const line =
      '{"tools": [{"b": 1.0, "1": 2, "a": 1e2, "n": 12345678901234567890, "x": 0.5}], "prompt": "q", "y": 1.0}';
    const row = withExactColumns(JSON.parse(line) as Record<string, unknown>, line);
    expect(row).toMatchObject({ prompt: 'q', y: 1 });
    const { files } = byteTokenizer();
    const tokenizer = new Tokenizer({ ...files, chatTemplate: '{{ tools | tojson }}' });
    const { prompt } = toPromptRow(row, 'x').value!;
    // python: json.dumps(json.loads(line)['tools'])
    expect(tokenizer.decode(promptIds(tokenizer, prompt))).toBe(
      '[{"b": 1.0, "1": 2, "a": 100.0, "n": 12345678901234567890, "x": 0.5}]',
    );
    expect(JSON.parse(JSON.stringify(row))).toEqual(JSON.parse(line));
  });
});

describe('messages', () => {
  const call = { role: 'assistant', content: null, tool_calls: [{ function: { name: 'f' } }] };
  const result = { role: 'tool', content: [{ type: 'text', text: 'a drink' }], name: 'f' };
  const answer = { role: 'assistant', content: 'Tea.' };

  it('keep roles, parts and further fields', () => {
    const messages = [user, call, result, answer];
    expect(toSftExample({ messages }, 'x').value).toEqual({ id: 'x', messages });
    expect(toPromptRow({ prompt: messages.slice(0, 3) }, 'x').value!.prompt).toEqual(messages.slice(0, 3));
  });

  it('are left out with a reason that names role, content or what an answer says beside its text', () => {
    const reason = (...messages: object[]) => toSftExample({ messages }, 'x').problem?.reason;
    expect(reason(user, { role: 'critic', content: 'a' }, answer)).toMatch(
      /^messages\[1\]: role: .*"critic"/,
    );
    expect(reason({ role: 'user', content: null }, answer)).toMatch(
      /^messages\[0\]: content: .*null without tool_calls/,
    );
    expect(reason({ role: 'user', content: [{ type: 'image' }] }, answer)).toMatch(/content: .*"image"/);
    expect(reason(user, { ...answer, tool_calls: call.tool_calls })).toMatch(/tool_calls in its answer/);
    expect(reason(user, { ...answer, reasoning_content: 'Hm.' })).toMatch(/reasoning_content in its answer/);
  });
});
