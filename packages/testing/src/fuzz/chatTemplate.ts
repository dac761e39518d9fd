import { ChatTemplate, ControlTokens, renderConversation } from '@selfjudge/text/internal';
import { PLAIN_TEMPLATE } from '@selfjudge/text';
import type { Message } from '@selfjudge/text';
import type { FuzzCase, FuzzTarget } from './fuzz.js';
import { mutateText } from './text.js';

/** Words of Jinja, and of those what makes programs long or deep. */
export const TEMPLATE_WORDS = [
  ...'{{ }} {% %} {# #} {%- -%} ( ) [ ] { } | . , : = ~ + - * / // % ** == < if else'.split(' '),
  ...'elif endif for in endfor set endset macro endmacro call endcall filter endfilter'.split(' '),
  ...'generation endgeneration break continue not and or is loop messages message m role'.split(' '),
  ...'content bos_token eos_token add_generation_prompt tools range range(9)'.split(' '),
  ...'range(1000000000) namespace raise_exception strftime_now true none defined tojson'.split(' '),
  ...'trim join length upper replace items map select sort int float first split format'.split(' '),
  ...'title indent default reverse string list unique dictsort abs 0 1 -1 1e9'.split(' '),
  ...'batch slice groupby selectattr rejectattr select sum min max round wordcount truncate center'.split(
    ' ',
  ),
  ...'escape safe count loop.previtem loop.nextitem loop.length loop.cycle loop.changed loop( caller'.split(
    ' ',
  ),
  ...'.split .strip .format .replace .join .items() .get .zfill .ljust .center .splitlines .count'.split(' '),
  ...'{%+ {%~ +%} raw endraw with endwith block endblock recursive scoped varargs kwargs cycler joiner'.split(
    ' ',
  ),
  ...'mapping sequence iterable divisibleby sameas callable 2.5 1_0 0x1f nan inf tools[0] dict true'.split(
    ' ',
  ),
  ...'999999999999 __proto__ constructor self'.split(' '),
  "'",
  '"',
  '\\',
  '\n',
  ' ',
  '\0',
  'range(5, 1, 0)',
  'range(0, 9, 1e-300)',
  'range("a", "b")',
  "raise_exception('no')",
  'strftime_now("%d")',
  "'a'",
  '[1, 2]',
  '{"a": 1}',
  '{% for i in range(1000) %}{% for j in range(1000) %}{% for k in range(1000) %}x',
  '{% endfor %}',
  '{% set x = x + x %}',
  '{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}',
  '{{ "x" * 1000000000 }}',
  '{{ [1] * 1000000000 }}',
  '{{ 9 ** 9 ** 9 ** 9 }}',
  "{{ 'x'.zfill(1000000000) }}",
  "{{ '{:1000000000}'.format(1) }}",
  "{{ '%1000000000d' % 1 }}",
  "{{ '%.999999999f' % 1.5 }}",
  '{{ [1] | batch(1000000000, 0) | list }}',
  "{{ ('x' * 5000).replace('x', 'y' * 5000) }}",
  '{% set x = x * x %}',
  "{{ '%s' | format('a') }}",
  '{{ messages | tojson(indent=999999999) }}',
  '{{ messages | tojson(indent=90000000) }}',
  '{{ messages | indent(90000000) }}',
  `${'{% for i in range(900) %}'.repeat(3)}${'{% endfor %}'.repeat(3)}`,
  '{% set ns = namespace(a=[]) %}',
];

const TEMPLATES = [
  PLAIN_TEMPLATE,
  "{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message['content'] | trim }}{% endfor %}",
  "{%- set ns = namespace(n=0) -%}{% for m in messages[1:] if m.role != 'system' %}{% set ns.n = ns.n + 1 %}" +
    '{{ loop.index ~ ns.n ~ (m | tojson) }}{% else %}none{% endfor %}',
  "{% macro turn(role, text='') %}[{{ role | upper }}]{{ text }}{% endmacro %}{% if messages[0]['role'] == 'system' %}" +
    "{{ turn('s', messages[0]['content']) }}{% elif tools is defined and tools %}{{ raise_exception('tools') }}" +
    "{% else %}{{ strftime_now('%d %b %Y') }}{% endif %}{% for i in range(messages | length) %}{{ i }}{% endfor %}",
];

const MESSAGES: Message[] = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'hello' },
  { role: 'assistant', content: 'hi {{ x }}</s>' },
];

const CONTROL = new ControlTokens([{ id: 1, content: '</s>', lstrip: false, rstrip: false }]);
const NOW = new Date(2026, 10, 29, 9, 15);

/** A chat template, compiled and rendered. */
export function chatTemplateTarget(): FuzzTarget<string> {
  return {
    name: 'chat template',
    // A syntax tree of every word, and an environment for every call.
    heapPerByte: 1024,
    // All the steps that rendering may take.
    fixedHeap: 100 << 20,
    make(random): FuzzCase<string> {
      const how: string[] = [];
      const bytes = mutateText(random.choice(TEMPLATES), random, how, TEMPLATE_WORDS);
      return { input: bytes.toString('utf8'), size: bytes.length, how };
    },
    parse(source) {
      renderConversation(new ChatTemplate(source), CONTROL, {
        messages: MESSAGES,
        addGenerationPrompt: true,
        tokens: { bos_token: '<s>', eos_token: '</s>' },
        arguments: {
          tools: [{ type: 'function', function: { name: 'f', parameters: { a: [1, 2.5, null] } } }],
        },
        now: NOW,
      });
    },
  };
}
