import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fill } from './placeholders.js';
import { formatJudgeTemplate, loadJudgeTemplate, parseJudgeTemplate, shippedTemplates } from './template.js';

const template = {
  name: 'mine',
  user: 'About {context}: {response_a} or {response_b}?',
  assistant: 'Better:',
};

describe('fill', () => {
  it('replaces in one pass and leaves other braces alone', () => {
    const text = '{context} {"json": {x}} {response_a} {response_b} {';
    const values = { context: 'C{response_b}', response_a: '{context}$&', response_b: 'B' };
    expect(fill(text, values)).toBe('C{response_b} {"json": {x}} {context}$& B {');
  });
});

describe('judge templates', () => {
  it('ship by name, each as its file says', () => {
    expect(shippedTemplates()).toEqual(['plain', 'principled-rationale', 'principles', 'rationale']);
    for (const name of shippedTemplates()) {
      const loaded = loadJudgeTemplate(name);
      expect(loaded.name).toBe(name);
      expect(parseJudgeTemplate(loaded)).toEqual(loaded);
    }
    expect(loadJudgeTemplate('principles').principles.map(({ name }) => name)).toEqual([
      'instruction_following',
      'truthfulness',
      'honesty',
      'helpfulness',
    ]);
  });

  it('load from YAML and JSON files, with defaults', () => {
    const folder = mkdtempSync(join(tmpdir(), 'template-'));
    const expected = { ...template, verdicts: { a: ' A', b: ' B' }, principles: [] };
    writeFileSync(join(folder, 't.json'), JSON.stringify(template));
    writeFileSync(join(folder, 't.yaml'), formatJudgeTemplate(expected));
    expect(loadJudgeTemplate(join(folder, 't.json'))).toEqual(expected);
    expect(loadJudgeTemplate(join(folder, 't.yaml'))).toEqual(expected);
    writeFileSync(join(folder, 'broken.yaml'), 'a: [');
    expect(() => loadJudgeTemplate(join(folder, 'broken.yaml'))).toThrow(
      'broken.yaml: expected YAML or JSON',
    );
  });

  it('name the nearest known word', () => {
    expect(() => loadJudgeTemplate('principle')).toThrow("did you mean 'principles'?");
    expect(() => parseJudgeTemplate({ ...template, asistant: 'x' })).toThrow("did you mean 'assistant'?");
    const user = '{context} {respnse_a} {response_b}';
    expect(() => parseJudgeTemplate({ ...template, user })).toThrow(
      "expected a text with {response_a}, received {respnse_a} (did you mean '{response_a}'?)",
    );
    expect(() => parseJudgeTemplate({ ...template, user: '{context} {response_a}' })).toThrow('{response_b}');
  });

  it('want {principle} exactly when there are principles', () => {
    const principles = [{ name: 'honesty', text: 'honesty' }];
    expect(() => parseJudgeTemplate({ ...template, principles })).toThrow('{principle}');
    expect(() => parseJudgeTemplate({ ...template, assistant: 'By {principle}:' })).toThrow(
      'judge_template.principles',
    );
    expect(parseJudgeTemplate({ ...template, principles, assistant: 'By {principle}:' }).principles).toEqual(
      principles,
    );
  });

  it('say which key is wrong', () => {
    expect(() => parseJudgeTemplate({ ...template, verdicts: { a: 1, b: 'B' } })).toThrow(
      'judge_template.verdicts.a',
    );
    expect(() => parseJudgeTemplate('text')).toThrow('judge_template');
    expect(() => parseJudgeTemplate({ ...template, rationale: 'Because {rationale_a}' })).toThrow(
      '{rationale_b}',
    );
  });
});
