import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { byteTokenizer } from './byteTokenizer.js';
import { withChatTemplate } from './chooseTemplate.js';
import type { Message } from './message.js';
import { Tokenizer } from './tokenizer.js';
import { turnProblem } from './turnMarkers.js';

const { files } = byteTokenizer();
const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

/** A folder with the tokenizer of bytes, and what stands beside it by name. */
function load(beside: Record<string, string | object>): Promise<Tokenizer> {
  const dir = mkdtempSync(join(tmpdir(), 'selfjudge-templates-'));
  folders.push(dir);
  mkdirSync(join(dir, 'additional_chat_templates'));
  for (const [name, content] of Object.entries({ 'tokenizer.json': files.tokenizer, ...beside }))
    writeFileSync(join(dir, name), typeof content === 'string' ? content : JSON.stringify(content));
  return Tokenizer.load(dir);
}
const config = (template?: unknown) => ({ ...files.config, chat_template: template });

describe('the chat template of a folder', () => {
  it('is a file of its own before tokenizer_config.json, and that before chat_template.json', async () => {
    const processor = { 'chat_template.json': { chat_template: 'processor' } };
    const own = { ...processor, 'tokenizer_config.json': config('config') };
    expect((await load({ ...own, 'chat_template.jinja': 'file' })).chatTemplate).toBe('file');
    expect((await load(own)).chatTemplate).toBe('config');
    expect((await load({ ...processor, 'tokenizer_config.json': config() })).chatTemplate).toBe('processor');
    expect((await load({ 'tokenizer_config.json': config() })).chatTemplate).toBeUndefined();
    // What is no template is none: further files go on being looked at.
    const broken = { ...processor, 'tokenizer_config.json': config([{ name: 5 }, null]) };
    expect((await load(broken)).chatTemplate).toBe('processor');
  });

  it('may be several with names: in a list, as an object, as files', async () => {
    const all = { default: 'd', rag: 'r' };
    const list = Object.entries(all).map(([name, template]) => ({ name, template }));
    const found = [
      await load({ 'tokenizer_config.json': config(list) }),
      await load({ 'tokenizer_config.json': config(all) }),
      await load({ 'chat_template.jinja': 'd', 'additional_chat_templates/rag.jinja': 'r' }),
    ];
    for (const { files: own } of found) expect(own).toMatchObject({ chatTemplate: 'd', chatTemplates: all });
    const single = await load({ 'tokenizer_config.json': config([{ name: 'default', template: 'd' }]) });
    expect(single.files.chatTemplates).toBeUndefined();
    const [first] = found;
    const dir = folders.at(-1)!;
    await first.save(dir);
    expect((await Tokenizer.load(dir)).files).toMatchObject({ chatTemplate: 'd', chatTemplates: all });
  });
});

describe('the template of Gemma', () => {
  const gemma = withChatTemplate(byteTokenizer(), 'gemma');
  const shown = (messages: Message[]) => gemma.renderChat(messages, { addGenerationPrompt: true }).text;
  const user = (content: string): Message => ({ role: 'user', content });
  const assistant = (content: string): Message => ({ role: 'assistant', content });

  // What gemma3.jinja of TRL 1.16 gives under Jinja2.
  it('folds a system message into the first turn and trims texts', () => {
    expect(shown([user(' Hi '), assistant('Hello.\n'), user('Bye')])).toBe(
      '<start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\nHello.<end_of_turn>\n' +
        '<start_of_turn>user\nBye<end_of_turn>\n<start_of_turn>model\n',
    );
    expect(shown([{ role: 'system', content: ' Be brief. ' }, user('Hi')])).toBe(
      '<start_of_turn>user\n Be brief. \n\nHi<end_of_turn>\n<start_of_turn>model\n',
    );
  });

  it('refuses turns that do not alternate', () => {
    expect(() => shown([user('a'), user('b')])).toThrow(/must alternate/);
  });
});

describe('--chat_template', () => {
  const several = new Tokenizer({ ...files, chatTemplate: 'd', chatTemplates: { default: 'd', rag: 'r' } });

  it('is a name of the folder, chatml, or a file', async () => {
    expect(withChatTemplate(several, 'rag').chatTemplate).toBe('r');
    expect(withChatTemplate(several, 'default').chatTemplate).toBe('d');
    expect(withChatTemplate(several, 'chatml').chatTemplate).toBe(files.chatTemplate);
    await load({ 'own.jinja': '{{ messages[0].content }}!' });
    const own = withChatTemplate(several, join(folders.at(-1)!, 'own.jinja'));
    expect(own.renderChat([{ role: 'user', content: 'a' }]).text).toBe('a!');
    // A name of the folder goes before the shipped one.
    const named = new Tokenizer({ ...files, chatTemplates: { chatml: 'c' } });
    expect(withChatTemplate(named, 'chatml').chatTemplate).toBe('c');
  });

  it('is refused with the names that there are, and where it is no template', async () => {
    expect(() => withChatTemplate(several, 'nothing.jinja')).toThrow(
      /chat_template: expected chatml, gemma, default, rag or a file with a Jinja template, received nothing.jinja/,
    );
    expect(() => withChatTemplate(byteTokenizer(), 'toString')).toThrow(/expected chatml, gemma or a file/);
    await load({ 'own.jinja': '{% if %}' });
    expect(() => withChatTemplate(several, folders.at(-1)!)).toThrow(/or a file with a Jinja template/);
    expect(() => withChatTemplate(several, join(folders.at(-1)!, 'own.jinja'))).toThrow(/chat template/i);
  });
});

describe('turnProblem', () => {
  const of = (chatTemplate: string, more: object = {}) =>
    turnProblem(new Tokenizer({ ...files, config: { ...files.config, ...more }, chatTemplate }));
  const turns = (end: string) =>
    `{% for m in messages %}{{ m.role + ': ' + m.content + '${end}' }}{% endfor %}`;

  it('is none where a token ends each turn, white space before it or not', () => {
    expect(turnProblem(byteTokenizer())).toBeUndefined();
    expect(of(turns('<|im_end|>'))).toBeUndefined();
    expect(of(turns('\\n<|im_end|>\\n'))).toBeUndefined();
    // The declared end token stands behind an answer that the template leaves open.
    expect(of(turns('\\n'))).toBeUndefined();
    expect(turnProblem(byteTokenizer({ chat: false }))).toBeUndefined();
  });

  it('names a marker that is no token, text at an end, and an end that nothing makes', () => {
    expect(of(turns('<|eot_id|>'))).toBe("'<|eot_id|>' of the chat template is no token of the tokenizer");
    expect(of(turns('<end_of_turn>'))).toMatch(/^'<end_of_turn>' of the chat template is no token/);
    expect(of(turns('[/s]'))).toBe(
      'the chat template ends an answer with the text "[/s]", which is no token',
    );
    expect(of(turns('\\n'), { eos_token: null })).toMatch(
      /^nothing ends a turn: .*no end token is declared$/,
    );
  });
});

describe('a pad token', () => {
  const withPad = (pad_token: string, added: object[] = []) =>
    new Tokenizer({
      ...files,
      tokenizer: { ...files.tokenizer, added_tokens: [...files.tokenizer.added_tokens, ...added] as [] },
      config: { ...files.config, pad_token },
    });

  it('that text makes by itself stays text', () => {
    const id = byteTokenizer().encode('!')[0];
    const tokenizer = withPad('!', [{ id, content: '!' }]);
    expect(tokenizer.pad).toBe(id);
    expect(tokenizer.isControl(id)).toBe(false);
    expect(tokenizer.encode('a!')).toEqual(byteTokenizer().encode('a!'));
    expect(tokenizer.decode(tokenizer.encode('a!'), { skipSpecial: true })).toBe('a!');
  });

  it('of its own is none of text; one that is nowhere is none', () => {
    const tokenizer = withPad('<pad>', [{ id: 259, content: '<pad>' }]);
    expect([tokenizer.pad, tokenizer.isControl(259)]).toEqual([259, true]);
    expect(tokenizer.encode('<pad>')).not.toContain(259);
    expect(withPad('<pad>').pad).toBeUndefined();
  });

  it('that ends turns too ends them', () => {
    const tokenizer = withPad('<|im_end|>');
    expect([tokenizer.pad, tokenizer.eos]).toEqual([258, [258]]);
  });
});
