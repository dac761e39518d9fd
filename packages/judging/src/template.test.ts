import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseYaml } from '@selfjudge/data';
import { byteTokenizer } from '@selfjudge/text';
import { describe, expect, it } from 'vitest';
import { JudgeFormat } from './judgeFormat.js';
import { parseJudgeTemplate } from './parseTemplate.js';
import { fill } from './placeholders.js';
import { questionOf } from './question.js';
import { formatJudgeTemplate, loadJudgeTemplate, shippedTemplates } from './templateFile.js';

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
    expect(shippedTemplates()).toEqual([
      'brevity',
      'brevity-first',
      'harmlessness',
      'harmlessness-first',
      'honesty',
      'honesty-first',
      'plain',
      'plain-last',
      'principled-rationale',
      'principles',
      'principles-first',
      'rationale',
    ]);
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

  it('ask by the parts of a principle, and by their own where it has none', () => {
    const pair = { prompt: 'C?', a: 'one', b: 'two' };
    const asked = parseJudgeTemplate({
      name: 'own',
      system: 'Judge by {principle}.',
      assistant: 'By {principle}:',
      principles: [
        { name: 'h', text: 'honesty', user: 'H {context} {response_a} {response_b}' },
        {
          name: 'b',
          system: 'Be brief.',
          user: '{context} {response_b} {response_a} {{principle}} {"x": 1}',
          assistant: 'B',
        },
      ],
    });
    expect(asked.principles.map((principle) => questionOf(asked, principle, pair, 'ba'))).toEqual([
      {
        messages: [
          { role: 'system', content: 'Judge by honesty.' },
          { role: 'user', content: 'H C? two one' },
        ],
        opened: 'By honesty:',
      },
      {
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'C? one two {principle} {"x": 1}' },
        ],
        opened: 'B',
      },
    ]);
    expect(parseJudgeTemplate(parseYaml(formatJudgeTemplate(asked)))).toEqual(asked);
  });

  it('refuse a placeholder that nothing takes the place of, in every part', () => {
    const refusal = (parts: object) => {
      try {
        parseJudgeTemplate({ ...template, ...parts });
      } catch (error) {
        return (error as Error).message;
      }
    };
    const question = '{context} {response_a} {response_b}';
    const rationale = '\n{rationale_a} {rationale_b}';
    const principles = [{ name: 'h', text: 'honesty', assistant: 'By {principal}' }];
    expect(refusal({ system: 'About {context}' })).toContain(
      'judge_template.system: expected no placeholder but',
    );
    expect(refusal({ user: `${question} {answer}` })).toContain(
      'judge_template.user: expected no placeholder but {context}, {response_a}, {response_b}, {principle}; as text ' +
        'it is {{answer}}, received {answer}',
    );
    expect(refusal({ principles })).toContain('judge_template.principles.0.assistant: expected');
    expect(refusal({ principles })).toContain("(did you mean '{principle}'?)");
    expect(refusal({ rationale: `${rationale} {reason}` })).toContain('judge_template.rationale');
    expect(refusal({ rationale: '{rationale} {rationale_a}' })).toContain('received {rationale_a}');
    expect(refusal({ rationale, user: `${question} {{answer}}` })).toBeUndefined();
    // In memory too, where it is first used.
    const made = { ...parseJudgeTemplate(template), system: '{who}' };
    expect(() => JudgeFormat.of(made, byteTokenizer({ words: [' A', ' B'] }))).toThrow(
      'judge_template.system',
    );
  });

  it('refuse questions without a part, a text or a name of their own', () => {
    const { user, assistant } = template;
    expect(() => parseJudgeTemplate({ name: 'n', user })).toThrow('judge_template.assistant');
    const half = [{ name: 'h', user }, { name: 'b' }];
    expect(() => parseJudgeTemplate({ name: 'n', assistant, principles: half })).toThrow(
      'judge_template.user: expected a text, as the question b has none of its own',
    );
    expect(() => parseJudgeTemplate({ ...template, assistant: '{principle}', principles: half })).toThrow(
      'judge_template.principles.0.text',
    );
    const twice = [0, 1].map((i) => ({ name: 'h', system: `${i}` }));
    expect(() => parseJudgeTemplate({ ...template, principles: twice })).toThrow('received h twice');
    expect(() => parseJudgeTemplate({ ...template, principles: [{ name: 'h', txt: 'h' }] })).toThrow(
      "judge_template.principles.0.txt: expected a key of a judge template (name, text, system, user, assistant), received txt (did you mean 'text'?)",
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
