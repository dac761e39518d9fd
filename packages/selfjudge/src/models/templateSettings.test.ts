import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { byteTokenizer, Tokenizer } from '@selfjudge/text';
import { describe, expect, it } from 'vitest';
import { saveArguments, savedArguments, settingsOf, telling, templateNotes } from './templateSettings.js';

const folder = () => mkdtempSync(join(tmpdir(), 'selfjudge-template-'));

describe('what the chat template of a model is told', () => {
  it('is saved beside its weights, and read from there', () => {
    const dir = folder();
    expect(savedArguments(dir)).toEqual({});
    saveArguments({ arguments: {} }, dir);
    expect(readdirSync(dir)).toEqual([]);
    saveArguments({ arguments: { enable_thinking: false, n: 1.5 }, now: '2026-11-29' }, dir);
    expect(savedArguments(dir)).toEqual({ enable_thinking: false, n: 1.5 });
    writeFileSync(join(dir, 'chat_template_kwargs.json'), '{"messages": []}');
    expect(() => savedArguments(dir)).toThrow(/chat_template_kwargs.json: .*'messages' is set/);
  });

  it('is what was saved, and what a configuration says over it', () => {
    const chatTemplate = "{{ enable_thinking }}{{ effort }}{{ strftime_now('%Y') }}";
    const tokenizer = templated(chatTemplate);
    const opened = { tokenizer, templateSettings: { arguments: { enable_thinking: false, effort: 'low' } } };
    const options = { chatTemplateKwargs: { effort: 'high' }, chatTemplateDate: '2023-05-01' };
    const { tokenizer: told } = telling(opened, options);
    expect(told.renderChat([{ role: 'user', content: 'a' }]).text).toBe('Falsehigh2023');
  });

  it('is not to think, unless something says so, where finished turns are shown so too', () => {
    const none = "{% if enable_thinking is false %}{{ '<think></think>' }}{% endif %}";
    const turns = (shown: string) =>
      templated(
        `{% for m in messages %}{{ m.role }}: {% if m.role == 'assistant' %}${shown}{% endif %}{{ m.content }}{% endfor %}` +
          `{% if add_generation_prompt %}assistant: ${none}{% endif %}`,
      );
    const template = turns(none);
    const off = settingsOf(template, {}, {});
    expect(off.arguments).toEqual({ enable_thinking: false });
    expect(templateNotes(off)[0]).toMatch(/told \{enable_thinking: false\}/);
    expect(settingsOf(template, { enable_thinking: true }, {}).arguments).toEqual({ enable_thinking: true });
    const given = { chatTemplateKwargs: { enable_thinking: true } };
    expect(settingsOf(template, { enable_thinking: false }, given).arguments).toEqual({
      enable_thinking: true,
    });
    for (const other of [turns(''), templated('{{ messages }}')]) {
      expect(templateNotes(settingsOf(other, {}, {}))).toEqual([]);
    }
  });
});

function templated(chatTemplate: string): Tokenizer {
  return new Tokenizer({ ...byteTokenizer().files, chatTemplate });
}
