"""Templates rendered by Jinja2 as transformers sets it up: what packages/text/src/jinja must print, or refuse.

usage: python benchmarks/peers/chat_templates.py > benchmarks/peers/fixtures/jinja.json
"""
import json
import re
import sys

from transformers.utils.chat_template_utils import _compile_jinja_template

CONTEXT = {
    'messages': [
        {'role': 'system', 'content': ' Be brief.\n'},
        {'role': 'user', 'content': 'Grüße, 漢字 🙂 "x" \'y\'\t<b>'},
        {'role': 'assistant', 'content': '<think>\nHm.\n</think>\n\n So. ', 'tool_calls': [
            {'type': 'function', 'function': {'name': 'look_up', 'arguments': {'word': 'tea', 'n': 3, 'deep': [1.5, None, True]}}}]},
    ],
    'tools': [{'type': 'function', 'function': {'name': 'look_up', 'description': 'Looks "up" a wörd\n', 'parameters': {
        'type': 'object', 'properties': {'word': {'type': 'string'}, 'n': {'type': 'integer', 'default': 0.5}}, 'required': ['word']}}}],
    'documents': None, 'add_generation_prompt': True, 'bos_token': '<s>',
    'a': 7, 'b': -3, 'f': 2.5, 'z': 0, 'big': 123456789012345678901234567890, 'nan': float('nan'), 'inf': float('inf'),
    's': 'Hello World', 'w': ' \t\x1c\x85\xa0\u3000x\ufeff\u200b\u3000\x1f\n', 'e': '', 'lines': 'one\ntwo\r\nthree\x0bfour\u2028five\n',
    'l': [3, 1, 2], 'm': [1, 'a', None, True, 2.0, [], {}], 'd': {'b': 1, 'A': 2, 'c': {'x': [1, {'y': 'z'}]}, 'items': 'mine', '1': 'one'},
    'people': [{'name': 'Bo', 'age': 30, 'city': 'x'}, {'name': 'al', 'age': 4, 'city': 'Y'}, {'name': 'Cy', 'age': 30, 'city': 'y'}, {'name': 'di', 'age': 4}],
    'n': None, 't': True, 'words': ['pear', 'Apple', 'fig', 'apple', 'FIG'], 'nested': [[1, 2], [3, [4]]], 'pi': 3.14159, 'tiny': 1e-7, 'huge': 1e22,
}

# What stands between {{ and }}: one line each.
EXPRESSIONS = r'''
a / 2 ~ ' ' ~ a // 2 ~ ' ' ~ a % 2 ~ ' ' ~ a ** 2 ~ ' ' ~ 6 / 3
b // 2 ~ ' ' ~ b % 2 ~ ' ' ~ b / 2 ~ ' ' ~ -7 // 2 ~ ' ' ~ 7 % -2 ~ ' ' ~ 7.5 // 2 ~ ' ' ~ -7.5 % 2
2 ** -1 ~ ' ' ~ 2 ** 0.5 ~ ' ' ~ 2 ** 3 ** 2 ~ ' ' ~ -2 ** 2
1 / 0
1 // 0
1.5 % 0
a + f ~ ' ' ~ t + 1 ~ ' ' ~ t * 2.0
1 + 'a'
'a' + 1
'a' + none
[1] + [2, 'x'] + l
(1, 2) + (3,)
[1] + (2,)
'ab' * 3 ~ 2 * 'x' ~ 'x' * -1
[1, 2] * 2
'a' * 1.5
big + 1 ~ ' ' ~ big * big ~ ' ' ~ big // 7 ~ ' ' ~ big % 97
tiny ~ ' ' ~ huge ~ ' ' ~ 1e16 ~ ' ' ~ 1e15 ~ ' ' ~ 123456789.123 ~ ' ' ~ 0.0001 ~ ' ' ~ 0.00001 ~ ' ' ~ 1e100
nan ~ ' ' ~ inf ~ ' ' ~ -inf ~ ' ' ~ 0.1 + 0.2 ~ ' ' ~ 2.0 ~ ' ' ~ -0.0
[nan, inf, 1e16, 2.0, -0.0]
none ~ true ~ false ~ None ~ True ~ False
n
t
f
[none, true, false, 1.0, 'a', "it's", 'q"', 'b\'"']
m
d
nested
messages
tools
(1,)
()
(1, 'a', (2, 3))
{'a': 1, 2: none, none: 3, 1.5: 'x', true: 'y'}
{1: 'a', 1.0: 'b', true: 'c'}
{'a': 1}['a'] ~ {1: 'x'}[1.0] ~ {1: 'x'}[true]
{[1]: 2}
['\n', '\t', '\\', '\x00', '\x7f', '\xa0', 'é', '\u200b', '🙂', '\ue000', '\ufeff']
'a\n\tb\\c\x41\u00e9\U0001F642\101\q\'"'
"it's" ~ 'say "hi"'
'ab' 'cd' "ef"
1_000 ~ ' ' ~ 0x1F ~ ' ' ~ 0b101 ~ ' ' ~ 0o17 ~ ' ' ~ 1.5e3 ~ ' ' ~ 1e2 ~ ' ' ~ 1_0.2_5
1 == 1.0 ~ ' ' ~ 1 == true ~ ' ' ~ '1' == 1 ~ ' ' ~ [1, 2] == [1.0, 2] ~ ' ' ~ none == false ~ ' ' ~ {'a': 1} == {'a': true}
(1 == 1.0) ~ (1 == true) ~ ('1' == 1) ~ ([1, 2] == [1.0, 2]) ~ (none == false) ~ ((1, 2) == [1, 2])
(1 < 2 < 3) ~ (3 > 2 > 2) ~ ('a' < 'b') ~ ('Z' < 'a') ~ ([1, 2] < [1, 3]) ~ (1 < 1.5) ~ (true < 2)
('\U0001F642' < '\ue000') ~ ('é' < 'z') ~ ('' < 'a') ~ ('a' < 'aa')
1 < 'a'
none < 1
[1] < [none]
(nan == nan) ~ (nan < 1) ~ (1 <= nan)
('ell' in s) ~ (1 in l) ~ ('b' in d) ~ (1 in d) ~ (4 not in l) ~ (none in m) ~ (1.0 in l) ~ ('' in s)
1 in s
1 in 5
'x' in n
not n and not e and not l == [] or z
(e or 'x') ~ (s and 'y') ~ (z or n or 'last') ~ (n and 1)
not not l
1 if t
(1 if z) ~ 'x'
(1 if z).foo
'a' if z else 'b' if n else 'c'
a if a > 5 else b
missing
missing ~ 'x'
missing.foo
missing['foo']
missing + 1
missing()
-missing
missing == missing2
(missing == none) ~ (missing == '') ~ (missing != 1)
missing < 1
[missing]
missing|length ~ missing|list ~ missing|default('x') ~ missing|d ~ missing|string|length
missing|int
missing|tojson
missing|first
missing|upper ~ missing|trim ~ missing|join(',')
missing in l
l in missing
missing % 2
d.missing ~ d['missing'] ~ l[9] ~ l.foo ~ s.foo ~ s[99] ~ n.foo ~ (5).foo
d.missing.more
n.foo.bar
d.items
d['items'] ~ d.get('items')
d.items()|list
d.keys()|list ~ d.values()|list
d.keys() ~ d.values() ~ {'a': 1}.items()
{'a': 1}.items()|length ~ ' ' ~ ('a' in {'a': 1}.keys())
d.get('zz') ~ d.get('zz', 5) ~ d.get('b')
d.c.x[1].y ~ d['c']['x'][0] ~ d.c.x.1.y ~ d.c.x.0
d.1
{'update': 1}.update
d.update({'x': 1})
l.append(4)
l.pop()
d.pop('b')
l.index(2) ~ l.count(1) ~ [1, true, 1.0].count(1)
l.index(99)
l.append is defined
l[0] ~ l[-1] ~ l[1:] ~ l[:-1] ~ l[::-1] ~ l[::2] ~ l[5:] ~ l[-2:] ~ l[2:0:-1]
l['0']
l[1.0]
l[true]
s[0] ~ s[-1] ~ s[2:5] ~ s[::-1] ~ s[:-3] ~ s[::2] ~ s[-5:-1] ~ s[3:1]
'a🙂b漢'[1] ~ 'a🙂b漢'[1:3] ~ 'a🙂b漢'[::-1] ~ 'a🙂b漢'|length
(1, 2, 3)[1:] ~ (1, 2, 3)[0] ~ range(9)[2:8:3] ~ range(9)[-1]
l[::0]
l['a':]
n[1:]
d[1:]
5[0]
range(3) ~ range(1, 9, 2) ~ range(3)|list ~ range(5, 0, -2)|list ~ range(0)|list
range(3)|length ~ (2 in range(3)) ~ (range(3) == range(0, 3))
range(1, 5, 0)
range(1000001)|length
range('a')
range(2.0)
dict(a=1, b=[2]) ~ dict({'x': 1}, y=2) ~ dict([('k', 'v')])
namespace(a=1).a ~ namespace({'b': 2}).b
namespace(a=1)
namespace(_a=1)._a
s.upper() ~ s.lower() ~ s.title() ~ s.capitalize() ~ s.swapcase() ~ 'ß'.upper() ~ 'İ'.lower()|length
'hello wORLD it\'s 3d foo-bar'.title() ~ '|' ~ 'hello wORLD it\'s 3d foo-bar'|title ~ '|' ~ 'ǆ'.title() ~ 'ßx'.title() ~ 'ßx'.capitalize()
'(hello) [world] {x} <y> a-b'|title
'HELLO wORLD'|capitalize ~ ''|capitalize ~ 'éA'|capitalize
'ΑΣ'.lower() ~ 'ΑΣ Β'.lower() ~ 'ﬁ'.upper() ~ 'ŉ'.upper()
'[' ~ w.strip() ~ ']' ~ '[' ~ w.lstrip() ~ ']' ~ '[' ~ w.rstrip() ~ ']'
'[' ~ (w|trim) ~ ']' ~ (w|trim)|length ~ w.strip()|length
'[' ~ '\ufeff x \ufeff'.strip() ~ ']' ~ '\ufeff x \ufeff'|trim|length
'xxaxx'.strip('x') ~ 'abcba'.strip('ab') ~ '\n\n a \n'.lstrip('\n') ~ '|' ~ '\n\n a \n'.rstrip('\n') ~ '|' ~ 'xxaxx'|trim('x') ~ 'a'.strip('')
s.strip(none) ~ '  a '.strip(none)
s.strip(1)
'a,b,,c'.split(',') ~ 'a,b,,c'.split(',', 1) ~ 'a,b,,c'.split(',', maxsplit=2) ~ 'a,b,,c'.rsplit(',', 1)
'  a  b c '.split() ~ '  a  b c '.split(none, 1) ~ '  a  b c '.rsplit(none, 1) ~ ''.split() ~ ''.split(',') ~ ' '.split(' ')
'a\x1cb\x85c\xa0d\u200be\ufefff'.split()
'a'.split('')
'<think>x</think>y'.split('</think>')[-1] ~ '<think>x</think>y'.split('</think>')[0].split('<think>')[-1]
lines.splitlines() ~ lines.splitlines(true) ~ lines.splitlines(keepends=true)|length
'a-b-c'.partition('-') ~ 'a-b-c'.rpartition('-') ~ 'abc'.partition('-') ~ 'abc'.rpartition('-')
s.startswith('He') ~ s.startswith(('x', 'H')) ~ s.endswith('d') ~ s.endswith(('a', 'b')) ~ s.startswith('W', 6) ~ s.startswith('') ~ s.endswith('o', 0, 5)
s.startswith(['H'])
s.replace('l', 'L') ~ s.replace('l', 'L', 1) ~ s.replace('', '-') ~ s.replace('', '-', 3) ~ s.replace('zz', 'y') ~ s.replace('o', '')
s|replace('l', 'L') ~ s|replace('l', 'L', 2) ~ 12321|replace(2, 'x') ~ s|replace('l', 'L', count=1)
s.find('o') ~ s.find('o', 5) ~ s.find('zz') ~ s.rfind('o') ~ s.index('W') ~ s.count('l') ~ s.count('') ~ s.find('') ~ s.find('', 99)
'a🙂b🙂'.find('b') ~ 'a🙂b🙂'.rfind('🙂') ~ 'a🙂b🙂'.count('🙂') ~ 'a🙂b'.index('b')
s.index('zz')
'-'.join(['a', 'b']) ~ ''.join(s) ~ ','.join(d)
'-'.join([1, 2])
'abc'.center(8) ~ '|' ~ 'abc'.center(8, '*') ~ '|' ~ 'ab'.center(5, '*') ~ '|' ~ 'abc'|center(8) ~ '|' ~ 'abc'.ljust(5, '.') ~ 'abc'.rjust(5, '.') ~ '42'.zfill(5) ~ '-42'.zfill(5) ~ 'abcd'.center(7, '*')
'a\tb\tccccccccc\td'.expandtabs() ~ '|' ~ 'a\tb'.expandtabs(4)
'TestHook'.removeprefix('Test') ~ 'TestHook'.removesuffix('Hook') ~ 'x'.removeprefix('y') ~ 'x'.removesuffix('')
'abc'.isalpha() ~ 'ab1'.isalnum() ~ '12'.isdigit() ~ ' \t'.isspace() ~ ''.isspace() ~ 'Ab'.istitle() ~ 'AB'.isupper() ~ 'ab1'.islower() ~ '1'.islower() ~ 'a_1'.isidentifier() ~ 'é'.isascii() ~ '\n'.isprintable()
'é'.isalpha() ~ '漢'.isalpha() ~ '٣'.isdecimal() ~ '漢a1'.isalnum() ~ 'ª'.islower() ~ '\x85\x1c'.isspace() ~ '\u200b'.isspace()
'%s is %d, %5.2f|%-5s|%05d|%x|%%|%r' % ('a', 3.9, 2.345, 'b', 42, 255, "it's")
'%s' % 'a' ~ '%s' % [1, 2] ~ '%s %s' % (none, true) ~ '%(x)s-%(y)03d' % {'x': 1, 'y': 7} ~ '%s' % (1,)
'%s' % (1, 2)
'%s %s' % (1,)
'%d' % 'a'
'a' % 1
'%.3s|%10.4s|%+d|% d|%e|%.2e|%g|%g|%g|%G|%c|%c|%i|%X|%#x|%#o|%5%' % ('abcdef', 'abcdef', 5, 5, 12345.678, 0.00012, 1e10, 0.0001, 100000.0, 1e-10, 65, 'z', 3, 255, 255, 8)
'%.0f %.0f %.0f %.1f %.2f %.2f' % (0.5, 1.5, 2.5, 0.25, 0.125, 2.675)
'%s %r' % ('é\n', 'é\n') ~ '%a' % 'é'
'%*d|%-*d|%.*f' % (5, 1, 5, 2, 2, 3.14159)
'%5s|%-5s|%05s' % ('é🙂', 'é', 'x')
'%s, %s!'|format('a', 1) ~ '%(a)s'|format(a=2) ~ '%s'|format(l)
'{} {}'.format(1, 'a') ~ '{0}{1}{0}'.format('x', 'y') ~ '{a}-{b!r}'.format(a=1, b='q') ~ '{{}}'.format() ~ '{0[1]}'.format([1, 2], 3)|length
'{:>5}|{:<5}|{:^5}|{:*^7}|{:05d}|{:+}|{:,}|{:.2f}|{:x}|{:#x}|{:e}|{:%}|{:g}'.format('a', 'b', 'c', 'd', 42, 5, 1234567, 3.14159, 255, 255, 12345.678, 0.25, 1e10)
'{:5}|{:5}|{:<5}|{:.3}|{:10.3}|{:n}|{:_}|{:b}|{:o}|{!s:>4}|{:.3}'.format(1, 'a', 2, 'abcdef', 3.14159, 5, 1234567, 5, 8, 'x', 1234567.0)
'{:{}}|{:.{p}f}'.format('a', 5, 3.14159, p=1)
'{}'.format()
'{x}'.format(1)
'{} {}'.format(none, [1.0, true]) ~ '{:>8}'.format(true)
'{:d}'.format('a')
s.encode
s.nope()
l()
'abc'|upper ~ 12|upper ~ none|lower ~ true|upper ~ [1]|upper
l|length ~ s|length ~ d|length ~ e|count ~ nested|count
5|length
none|length
l|first ~ l|last ~ s|first ~ s|last ~ d|first ~ d|last ~ []|first ~ []|last
l|sort ~ l|sort(reverse=true) ~ words|sort ~ words|sort(case_sensitive=true) ~ words|sort(true) ~ s|sort
m|sort
people|sort(attribute='age')|map(attribute='name')|join(',') ~ ' ' ~ people|sort(attribute='age,name')|map(attribute='name')|join(',') ~ ' ' ~ people|sort(attribute='age', reverse=true)|map(attribute='name')|list
l|min ~ l|max ~ words|min ~ words|max ~ []|min ~ people|max(attribute='age') ~ l|sum ~ [1.5, 2]|sum ~ people|sum(attribute='age') ~ []|sum ~ [[1], [2]]|sum(start=[])
['a']|sum
l|reverse|list ~ s|reverse ~ d|reverse|list ~ (1, 2)|reverse|list ~ range(3)|reverse|list
words|unique|list ~ words|unique(case_sensitive=true)|list ~ [1, 1.0, true, 2]|unique|list ~ people|unique(attribute='age')|map(attribute='name')|list
l|list ~ s|list ~ d|list ~ (1, 2)|list ~ 'a🙂'|list
5|list
l|join ~ l|join(', ') ~ m|join('|') ~ people|join(',', attribute='name') ~ s|join('.') ~ d|join(',') ~ [none, true, 1.0]|join(' ') ~ []|join
5|join
l|map('string')|join('-') ~ words|map('upper')|list ~ words|map('replace', 'p', 'P')|list ~ people|map(attribute='city')|list ~ people|map(attribute='city', default='?')|list ~ nested|map(attribute=0)|list ~ nested|map('first')|list
words|map('nope')|list
words|map|list
people|selectattr('age', 'gt', 5)|map(attribute='name')|list ~ people|selectattr('city')|list|length ~ people|rejectattr('city', 'defined')|list|length ~ people|selectattr('name', 'equalto', 'al')|first
l|select('odd')|list ~ l|reject('odd')|list ~ m|select|list ~ l|select('in', [1, 2])|list ~ l|select('>', 1)|list ~ m|reject('none')|list
l|select('nope')|list
people|selectattr('age', '==', 30)|length
people|selectattr('age', '==', 30)
(people|selectattr('age', '==', 99)) is defined
'yes' if (people|selectattr('age', '==', 99)) else 'no'
(l|select('odd'))[0] is defined
people|groupby('age')|map('first')|list ~ people|groupby('city', default='z')|map(attribute='grouper')|list ~ people|groupby('age')|map(attribute='list')|map('length')|list
people|groupby('city')
people|groupby('age')
l|batch(2)|list ~ l|batch(2, 'x')|list ~ range(7)|slice(3)|list ~ range(7)|slice(3, 'x')|list
d|dictsort ~ {'b': 1, 'a': 3}|dictsort(by='value') ~ {'b': 1, 'A': 3, 'a': 2}|dictsort(true) ~ {'b': 1, 'a': 3}|dictsort(reverse=true)
l|dictsort
d|items|list ~ missing|items|list
l|items|list
'42'|int ~ '42.9'|int ~ 'x'|int ~ 'x'|int(5) ~ 42.9|int ~ -42.9|int ~ true|int ~ none|int ~ '0x1f'|int(0, 16) ~ ' 7 '|int ~ '1_000'|int ~ 'ff'|int(0, 16) ~ []|int ~ '1e3'|int ~ ''|int
inf|int
nan|int
'1.5'|float ~ 'x'|float ~ 3|float ~ '1e3'|float ~ ' 2 '|float ~ 'inf'|float ~ none|float ~ '.5'|float ~ '1_0'|float ~ ''|float(2)
42.55|round ~ 42.55|round(1) ~ 42.55|round(1, 'floor') ~ 42.51|round(0, 'ceil') ~ 2.5|round ~ 3.5|round ~ 7|round ~ 7|round(1) ~ 1234|round(-2) ~ 1250|round(-2) ~ 2.675|round(2) ~ 0.5|round ~ -0.5|round ~ 7|round(0, 'floor') ~ 15.0|round(-1)
'a'|round
-5|abs ~ 5.5|abs ~ (-5)|abs ~ true|abs ~ -f|abs
'a'|abs
'one\ntwo\n\nthree'|indent ~ '|' ~ 'one\ntwo'|indent(2, true) ~ '|' ~ 'one\n\ntwo'|indent(2, blank=true) ~ '|' ~ 'one\ntwo\n'|indent('> ') ~ '|' ~ ''|indent ~ '|' ~ 'a\x0bb\u2028c'|indent(1) ~ '|' ~ 'a\r\nb'|indent(width=1)
5|indent
'hello world foo bar'|truncate(9) ~ 'hello world foo bar'|truncate(9, true) ~ 'hello'|truncate(3) ~ 'hello world'|truncate(8, false, '..', 0) ~ 'hello world'|truncate(length=5, leeway=0)
'hello'|truncate(2, leeway=0)
'a b  c_d é1'|wordcount
'<b>&"\''|escape ~ '<x>'|e ~ 'a<'|safe ~ ('a'|safe + '<') ~ '<p>a <!-- c --> b</p>'|striptags
'a b&c=d/é?'|urlencode ~ {'a b': 'c&d', 'e': 1}|urlencode ~ [('x', 'y z')]|urlencode
none|default('x') ~ none|default('x', true) ~ e|default('y', true) ~ missing|default ~ missing|default(none) ~ z|d(5, boolean=true) ~ false|default('f')
d|attr('b') ~ d|attr('keys')|string|length > 1
d|attr('zz') ~ s|attr('nope')
1|string + 'a' ~ 1.0|string ~ none|string ~ [1]|string ~ true|string
d|tojson ~ m|tojson ~ tools|tojson ~ 'é🙂\x00\x1f\x7f\u2028</script>&\'"\\'|tojson
messages[1].content|tojson ~ messages[1].content|tojson(ensure_ascii=true)
d|tojson(indent=2) ~ []|tojson(indent=2) ~ {}|tojson(indent=2) ~ [[], {}]|tojson(indent=1) ~ l|tojson(indent=0)
d|tojson(separators=(',', ':')) ~ d|tojson(indent=1, separators=(', ', ' = ')) ~ {'b': 1, 'a': 2}|tojson(sort_keys=true) ~ l|tojson(false, 4)
{1: 2, none: 3, true: 4, 1.5: 5}|tojson ~ (1, 2)|tojson ~ [1.0, 1e16, nan, inf, -inf, big, tiny]|tojson ~ "it's"|tojson
l|map('string')|tojson
range(3)|tojson
{(1, 2): 3}|tojson
l|tojson(nope=1)
'a' is string ~ 1 is string ~ n is none ~ z is none ~ missing is none ~ 1 is number ~ true is number ~ 1.0 is number ~ '1' is number
1 is integer ~ true is integer ~ 1.0 is integer ~ 1.0 is float ~ 1 is float ~ true is boolean ~ 1 is boolean ~ true is true ~ 1 is true ~ false is false ~ 0 is false
l is iterable ~ s is iterable ~ d is iterable ~ 5 is iterable ~ missing is iterable ~ none is iterable ~ l is sequence ~ s is sequence ~ d is sequence ~ 5 is sequence ~ missing is sequence ~ l|map('string') is sequence ~ d.items() is sequence
d is mapping ~ l is mapping ~ missing is defined ~ s is defined ~ missing is undefined ~ d.zz is defined ~ d.zz is undefined
3 is odd ~ 4 is even ~ 9 is divisibleby 3 ~ 9 is divisibleby(2) ~ 3.0 is odd
'a' is odd
1 is eq 1 ~ 1 is ne 2 ~ 2 is gt 1 ~ 2 is ge 2 ~ 1 is lt 2 ~ 1 is le 0 ~ 1 is equalto 1.0 ~ 2 is greaterthan 1 ~ 1 is lessthan 2 ~ 1 is == 1
1 is in [1, 2] ~ 3 is not in [1, 2] ~ 'a' is in 'abc' ~ 'b' is in d
'abc' is lower ~ 'ABC' is upper ~ 'aB' is lower ~ 1 is lower ~ '' is upper
s is callable ~ s.upper is callable ~ range is callable ~ missing is callable ~ 5 is callable
none is sameas none ~ true is sameas true ~ l is sameas l ~ l is sameas [3, 1, 2]
'upper' is filter ~ 'nope' is filter ~ 'odd' is test ~ 'nope' is test
s is not string ~ n is not none ~ not n is none
1 is nope
1|nope
(1 is nope) if z else 'ok'
(1|nope) if z else 'ok'
(1|nope) if t else 'ok'
l|sort|first|string|upper ~ -1|abs ~ (-1)|abs ~ 'a' ~ 'b'|upper ~ 1 + 2|string|length
s.upper().lower()[0].split('h')
messages[0]['role'] ~ messages[-1].role ~ messages[0].content.strip() ~ messages|length ~ messages[1:]|map(attribute='role')|join(',')
messages[2].tool_calls[0].function.arguments.items()|list ~ messages[2].tool_calls[0].function.arguments|tojson
messages|selectattr('role', 'equalto', 'system')|list|length ~ messages|rejectattr('role', 'equalto', 'system')|map(attribute='role')|list ~ messages|map(attribute='content')|map('trim')|map('length')|list
messages[0].get('tool_calls') ~ messages[0].tool_calls ~ messages[0]['tool_calls'] ~ messages[0].get('name', 'none')
messages[0].content is string and messages[0].content is not mapping
tools is none ~ documents is none ~ documents is defined ~ tools is defined ~ not documents
tools[0].function.parameters.properties.items()|map('first')|join ~ tools[0].function.parameters.required|tojson ~ tools[0]['function']['parameters'].properties.n.default
raise_exception('no')
raise_exception()
raise_exception
cycler('a', 'b').next() ~ cycler(1).current ~ joiner()() ~ joiner('|')()
s.__class__ ~ s.__class__.__mro__
(s.__class__) is defined
s._private ~ d._x
''.__class__.__subclasses__()
(1, 2).count(1) ~ (1, 2).index(2)
[1, 2, 3].copy() ~ d.copy().b
[1,] ~ {'a': 1,} ~ (1,)
[1, 2
{'a' 1}
1 +
'unclosed
a b
a is
a|
foo(1, a=2, 3)
range(*[1, 4])|list ~ dict(**{'a': 1}) ~ '{}{}'.format(*['x', 'y'])
dict(a=1, **{'a': 2})
l[1, 2]
'\d\w\.' ~ '\777' ~ '\x4'
'\x41\u0042\U00000043\103'
a == 7 and b < 0 or missing.foo
1 ~ 2 + 3 ~ 4 * 5
1 + 2 ~ 3
10 - 2 - 3 ~ ' ' ~ 2 * 3 % 4 ~ ' ' ~ -a ~ ' ' ~ +a ~ ' ' ~ --a ~ ' ' ~ not a
'x' ~ none ~ 1.0 ~ [1] ~ missing ~ 'y'
true + true ~ ' ' ~ -true ~ ' ' ~ true * 3 ~ ' ' ~ true / 2 ~ ' ' ~ false ** 0
(a, b) ~ (a, (b,))
a, b
'a' 'b' ~ 'c'
[x for x in l]
l | sort | join ( ', ' ) | upper
strftime_now('100%%') ~ strftime_now('%%Y')
sorted(l)
len(l)
'İ'.lower() == 'i̇'
'ab\tc'|tojson ~ '\r\n'|tojson ~ '\u2028'|tojson
{} ~ [] ~ () ~ {}|length ~ ({} == {}) ~ ([] == ()) ~ ({} or 'x') ~ (() or 'y')
{'a': {'b': [1, (2, none)]}} ~ {'x': 'it\'s'} ~ {'q': '"'}
none|string|trim|length ~ none|trim ~ 5|trim ~ [1]|trim
none.foo is defined
(none|default([], true))|length
'abc'[-2:] ~ 'abc'[:2][::-1] ~ 'abc'[5] ~ 'x'
0 or '' or [] or {} or 'end' ~ (0 and 1) ~ ('' and 1)
1.5|int + 2 ~ '7'|int * 2 ~ 7 / 2|int
(7 / 2)|int ~ (7 / 2)|round|int ~ 7 // 2.0 ~ 2 * 1.5 ~ 10 / 5
1000000 * 1000000 ~ ' ' ~ 1e6 * 1e6 ~ ' ' ~ 10 ** 20 ~ ' ' ~ 2 ** 100 ~ ' ' ~ 1e300 * 1e10
0.1 ~ ' ' ~ 1/3 ~ ' ' ~ 100.0 ~ ' ' ~ 1e5 ~ ' ' ~ 12345678901234567.0 ~ ' ' ~ 0.1 * 3 ~ ' ' ~ 1e-5 ~ ' ' ~ 5e-324 ~ ' ' ~ 1.7976931348623157e308
'a' < 'B' ~ ''
words|sort(attribute='nope')|list
people|map(attribute='nope')|list
people|sum(attribute='nope')
[3, 'a']|max
[none, 1]|sort
[true, 0, 2.5, 1]|sort ~ [[2, 1], [1, 9]]|sort ~ [(1, 'b'), (1, 'a')]|sort
'a'.join('xyz') ~ s.lower().count('l') ~ s.replace('World', 'There').split(' ')|last
'Ａ'.lower() ~ 'é'.upper() ~ 'ÀÉ'|lower ~ 'straße'.upper() ~ 'ŸǅΣ'|lower ~ 'ijsland'.title()
'tab\there' ~ 'new\\nline' ~ 'nul\0'|length ~ '\a\b\f\v'|length
'yes' if 'a' in ['a'] and 'b' not in ['a'] else 'no'
'%d%%' % 50 ~ '%c' % 8364 ~ '%s' % none ~ '%5.1f' % 3.14159 ~ '%+.2e' % -12345.6789 ~ '%03d' % -5 ~ '%x' % -255
'%d' % true ~ '%f' % 1 ~ '%s' % 1e16 ~ '%.10g' % 3.14159265358979 ~ '%#.3g' % 1.0 ~ '%g' % 0.00001234 ~ '%G' % 1e-20 ~ '%.15g' % 0.1
'%(a)s %(b)d' % {'a': 'x', 'b': 2.9} ~ '%(a)s' % {'b': 1}
'%y' % 1
'%' % 1
'\u00e9' == 'é' ~ ('é'|length)
s|list|reverse|join ~ s|reverse|upper ~ l|reverse|first
l|map('multiply', 2)|list
[1, 2, 3]|map('string')|map('int')|sum
words|join(', ')|capitalize|replace('f', 'F')|truncate(12, true, '…', 0)|center(20)
d.items()|map('last')|list|length ~ d|dictsort|map('first')|join(',')
d.c|tojson|length ~ d.c.x|string|length ~ (d|string)[:10]
[l, l]|map('first')|list ~ [l, l]|map('sum')|sum ~ [[1, 2], [3]]|sum(start=[])
'<|im_start|>' ~ 'user' ~ '\n' ~ messages[1]['content']|trim ~ '<|im_end|>'
messages[2]['content'].split('</think>')[-1].lstrip('\n') ~ '|' ~ messages[2].content.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n')
'## ' ~ tools[0].function.name ~ '\n' ~ tools[0].function|tojson(indent=4)
'<b>'|escape|upper ~ '<b>'|safe|trim ~ 'x'|safe ~ 1
'a'|safe == 'a'
['<b>'|escape]
'a\u0301'|length ~ 'é'|length ~ '👨‍👩‍👧'|length ~ '👨‍👩‍👧'|reverse|length
'  '|trim|length ~ ' '|length ~ '\u3000x\u3000'|trim ~ '\x1fx\x1f'|trim|length
'x' in 'xyz' in ['xyz']
1 < 2 == true
'a' != 'b' != 'a'
1 in [1] == true
z|default('d') ~ e|default('d') ~ n|default('d')
add_generation_prompt ~ bos_token ~ eos_token
bos_token + 'x'
eos_token + 'x'
(eos_token or '') + 'x'
'\t'|tojson ~ {'é': 'ü'}|tojson ~ {'é': 'ü'}
big|tojson ~ big ~ big / 1 ~ big|float ~ big * 1.0 ~ -big // 7
10|string|length ~ 1.50|string ~ 1e3|int ~ 1e22|int ~ '12345678901234567890'|int
0b11 + 0o7 + 0xF ~ 1__0
'a'|center(4)|length ~ 'b'|center(5) ~ '|'
none + 'x'
['a', 'b'].index('b') ~ ['a']|first|upper ~ ('a',)|first
d == {'b': 1} ~ ''
l != [3, 1, 2] ~ ''
{'a': [1, 2]}['a'][0] ~ {'a': {'b': 2}}.a.b ~ {'get': 5}['get'] ~ {'get': 5}.get('get')
'ok' if s is string and s|length > 3 and s[0] == 'H' else 'no'
'a\\b'|tojson ~ 'a\\b'|replace('\\', '/') ~ '\\'|length
not 1 == 2 ~ ''
not s in words
'e' * 3 ~ '-' * (s|length) ~ [0] * 3
l|first + l|last ~ ''
'x'.join(l|map('string')) ~ ', '.join(people|map(attribute='name'))
'abcdef'|batch(2)|map('join')|list ~ 'abc'|list|tojson
people|rejectattr('city')|map(attribute='name')|join ~ people|selectattr('city', 'undefined')|map(attribute='name')|join
people|map(attribute='name')|map('lower')|sort|join(' ') ~ people|map(attribute='age')|unique|list ~ people|map('tojson')|join(';')
people|groupby('age')|list|length ~ people|groupby('age')|first ~ people|groupby('age')|map(attribute='grouper')|join(',')
'%s' % d.c ~ '%s' % ('é',) ~ '%r' % d.c ~ '%s' % messages[0]
s ~ '' if s else '' ~ n
loop
caller
varargs
s[1:][0] ~ s[a - 6:] ~ s[-a:] ~ l[z:b + 5]
'{0:.1f} {1!r:>6} {name[0]} {name[b]}'.format(2.25, 'x', name={0: 'zero', 'b': 'bee'})
'{:>{w}}|{:^{w}.2f}'.format('x', 1.239, w=6) ~ '{:+d} {: d} {:-d}'.format(1, 2, -3) ~ '{:08.3f}'.format(-3.14159) ~ '{:,.2f}'.format(1234567.891) ~ '{:<8}|'.format(1.5) ~ '{:s}'.format('z')
'{!x}'.format(1)
'}'.format()
'{'.format()
'{:c}'.format(65) ~ '{:%}'.format(1) ~ '{:.0%}'.format(0.256) ~ '{:E}'.format(1.5) ~ '{:X}'.format(255) ~ '{:G}'.format(1e20) ~ '{}'.format(1e16) ~ '{:f}'.format(inf)
l|truncate(5) ~ missing|truncate ~ {}|truncate
'%s|' % missing ~ 'abc' % missing
[('a', 1, 2)]|urlencode
'''

# Whole templates.
TEMPLATES = [
    'a\r\nb\rc\n', 'a\n\n', 'x\n', '\n', '', 'a{{ 1 }}\n', '{{ 1 }}\n\n', '  {% if t %}\n  x\n  {% endif %}\n  y\n',
    'a\n  {%- if t %}\n x\n  {%- endif -%}  \n b', '{%+ if t %} x {%+ endif +%}\n y', '  {{ 1 }}  {# c #}\n  z', 'a {#- c -#} b', '  {# c #}  \n x',
    'a  \n {%- set x = 1 %}\n\n{{ x }}', '{% if t -%}\n\n  x {%- endif %}', '\t{% if t %}\tx\t{% endif %}\t\ny', 'x \xa0{%- if t %}y{% endif %}', '\u3000{% if t %}y{% endif %}z', '\x1f{%- if t %}y{% endif %}', '\ufeff{%- if t %}y{% endif %}',
    '{% raw %}{{ x }}{% y %}{% endraw %}', ' {%- raw -%} {{ x }} {%- endraw -%} z', '{% raw %}\n a {% endraw %}\nb', '{{ "{{" }}{{ \'%}\' }}', '{{ {"a": {"b": 1}}["a"]["b"] }}', '{{ {"a": {"b": 1}}}}', '{#{#-#}x', '{#-#}x', 'a{#--#} b', '{# unclosed', '{% raw %}x', '{{ 1', '{% if t %}x',
    '{% endif %}', '{% if t %}{% endfor %}', '{% nope %}', '{% do l.append(1) %}', "{% for x in l %}{{ x }}{% endfor %}", '{% for x in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }} {% endfor %}',
    '{% for x in l %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }},{% endfor %}', '{% for x in l %}{{ loop.previtem is defined }}{{ loop.nextitem is undefined }}{% endfor %}', '{% for x in l %}{{ loop.cycle("a", "b") }}{{ loop.changed(x > 1) }}{% endfor %}', '{% for x in l %}{{ loop.cycle() }}{% endfor %}',
    '{% for x in l if x > 1 %}{{ loop.index }}{{ x }}{{ loop.length }}{% else %}none{% endfor %}', '{% for x in l if x > 9 %}{{ x }}{% else %}none{% endfor %}', '{% for x in [] %}x{% else %}none{% endfor %}', '{% for x in missing %}x{% else %}none{% endfor %}', '{% for x in none %}x{% endfor %}', '{% for x in 5 %}x{% endfor %}',
    '{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}', '{% for k in d %}{{ k }}{% endfor %}', '{% for k, v in d %}{{ k }}{% endfor %}', '{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}', '{% for x in "a🙂" %}[{{ x }}]{% endfor %}', '{% for x in range(3) %}{{ x }}{% endfor %}{{ x }}',
    '{% for x in l %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% if loop.index == 2 %}{% break %}{% endif %}{% endfor %}', '{% for x in l %}{{ x }}{% break %}{% else %}e{% endfor %}', '{% break %}', '{% for x in l %}{% macro f() %}{% break %}{% endmacro %}{% endfor %}', '{% for x in l %}{% for y in l %}{% if y == x %}{% break %}{% endif %}{{ y }}{% endfor %};{% endfor %}',
    '{% for x in nested recursive %}{% if x is iterable %}({{ loop(x) }}){% else %}{{ x }}:{{ loop.depth }}{% endif %}{% endfor %}', '{% for x in l %}{{ loop(l) }}{% endfor %}', '{% for x in l %}{{ loop.nope }}{{ loop is iterable }}{{ loop|length }}{% endfor %}', '{% for x in l|map("string") %}{{ x }}{{ loop.last }}{{ loop.length }}{% endfor %}',
    '{% set x = 1 %}{% for y in l %}{% set x = y %}{{ x }}{% endfor %}{{ x }}', '{% for y in l %}{{ x }}{% set x = y %}{% endfor %}{{ x }}', '{% set x = 1 %}{% if t %}{% set x = 2 %}{% endif %}{{ x }}', '{% set ns = namespace(x=0, found=false) %}{% for y in l %}{% set ns.x = ns.x + y %}{% endfor %}{{ ns.x }}{{ ns.found }}{{ ns.nope }}{{ ns["x"] }}', '{% set ns.x = 1 %}', '{% set d.x = 1 %}', '{% set ns = namespace() %}{% set ns._x = 1 %}',
    '{% set a, b = 1, 2 %}{{ a }}{{ b }}', '{% set a, b = 1 %}', '{% set x %}a{{ 1 }}b{% endset %}{{ x }}{{ x|length }}', '{% set x | upper | trim %} abc {% endset %}[{{ x }}]', '{% set x = (1, 2) %}{{ x }}', '{% set x = 1, %}{{ x }}', '{% set true = 1 %}', '{% set x %}{% set y = 1 %}{% endset %}{{ y }}',
    '{% macro f(x, y=2, *z) %}{% endmacro %}', '{% macro f(x, y=x) %}{{ x }}-{{ y }}-{{ varargs }}-{{ kwargs }};{% endmacro %}{{ f(1) }}{{ f(1, 2) }}{{ f(1, 2, 3, 4) }}{{ f(1, z=5) }}{{ f(y=1) }}{{ f() }}', '{% macro f(x) %}{{ x }}{% endmacro %}{{ f(1, 2) }}', '{% macro f(x) %}{{ x }}{% endmacro %}{{ f(y=1) }}', '{% macro f(x) %}{{ x.foo }}{% endmacro %}{{ f() }}', '{% macro f() %}{{ g() }}{% endmacro %}{% macro g() %}G{{ q }}{% endmacro %}{% set q = 1 %}{{ f() }}',
    '{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}', '{% macro f() %} x\n{% endmacro %}{{ f()|trim }}{{ f() is string }}', '{% macro f(a, b) -%}\n  {{ a }}\n  {%- if b %} {{ b }}{% endif %}\n{%- endmacro %}[{{ f(1, b=2) }}]', '{% macro f() %}{{ loop.index }}{% endmacro %}{% for x in l %}{{ f() }}{% endfor %}', '{% for x in l %}{% macro f() %}{{ x }}{% endmacro %}{{ f() }}{% endfor %}', '{{ f() }}{% macro f() %}{% endmacro %}',
    '{% macro f(x) %}<{{ caller(x) }}>{% endmacro %}{% call(y) f(1) %}{{ y }}{{ a }}{% endcall %}', '{% macro f() %}{{ caller() }}{% endmacro %}{{ f() }}', '{% macro f() %}x{% endmacro %}{% call f() %}y{% endcall %}', '{% macro f() %}{{ caller is defined }}{% endmacro %}{{ f() }}{% call f() %}{% endcall %}', '{% call 5 %}{% endcall %}', '{% macro caller() %}{% endmacro %}{{ caller() }}',
    '{% filter upper %}a{{ s }}{% endfilter %}', '{% filter replace("a", "b") | upper %}aa{% endfilter %}', '{% filter trim %}  x {% set y = 1 %} {% endfilter %}{{ y }}', '{% with x = 1, y = 2 %}{{ x }}{{ y }}{% endwith %}{{ x }}', '{% set x = 5 %}{% with x = 1, y = x %}{{ x }}{{ y }}{% endwith %}', '{% with %}{% set x = 1 %}{% endwith %}{{ x }}', '{% print 1, "a" %}', '{% print %}',
    '{% block x %}{{ a }}{% endblock %}', '{% for a in l %}{% block x %}{{ a }}{% endblock %}{% endfor %}', '{% for a in l %}{% block x scoped %}{{ a }}{% endblock x %}{% endfor %}', '{% set q = 1 %}{% block x %}{{ q }}{% set q = 2 %}{% endblock %}{{ q }}', '{% extends "x" %}', '{% include "x" %}', '{% if z %}{% include "x" %}{% endif %}ok', '{% import "x" as y %}', '{% from "x" import y %}',
    '{% generation %}a{{ s }}{% endgeneration %}', 'x\n  {% generation %}\n  y\n  {% endgeneration %}\n  z\n', '{%- for m in messages %}\n{%- generation -%}\n {{ m.role }}\n{%- endgeneration -%}\n{%- endfor %}', '{% generation %}{% set x = 1 %}{% endgeneration %}{{ x }}', '{% for x in l %}{% generation %}{{ loop.index }}{{ x }}{% endgeneration %}{% endfor %}', '{% for x in l %}{% generation %}{% break %}{% endgeneration %}{% endfor %}', '{% generation %}x',
    '{% if l %}a{% elif t %}b{% else %}c{% endif %}', '{% if z %}a{% elif n %}b{% elif e %}c{% else %}d{% endif %}', '{% if missing %}a{% else %}b{% endif %}', '{% if missing.x %}a{% endif %}', '{% if l, %}tuple{% endif %}', '{% if 1 if 0 else 1 %}x{% endif %}', '{% if %}x{% endif %}', '{% if t: %}x{% endif %}', '{% for x in l: %}{{ x }}{% endfor %}',
    '{% if z %}{{ 1|nope }}{% endif %}ok', '{{ 1|nope }}', '{% if z %}{{ 1 is nope }}{% endif %}ok', '{% if z %}{% for x in l %}{{ x|nope }}{% endfor %}{% endif %}ok', '{% macro f() %}{{ 1|nope }}{% endmacro %}ok', '{% if t %}{{ 1|nope }}{% endif %}', '{% if z %}{% set x = 1|nope %}{% endif %}ok', '{{ x if z else (1|nope) }}',
    '{% set g = l|map("string") %}{{ g|join(",") }}{{ g|join(",") }}', '{% set g = l|select("odd") %}{% for x in g %}{{ x }}{% endfor %}{% for x in g %}{{ x }}{% endfor %}', '{% set g = l|reverse %}{{ g|first }}{{ g|list }}', '{% set it = d.items() %}{{ it|list }}{{ it|length }}', '{% set g = people|map(attribute="nope.x") %}ok', '{% set g = people|map(attribute="nope.x")|list %}ok',
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ 'sys' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    "{%- if tools is iterable and tools|length > 0 %}\n  {{- 'T' }}\n{%- endif %}\n{%- if documents is not none %}D{% endif %}", '{% set x = messages[0].content if messages[0].role == "system" else "" %}{{ x }}', '{% set loop_messages = messages[1:] %}{{ loop_messages|length }}{% set m = messages|last %}{{ m.role }}',
    '{%- for m in messages|reverse -%}{%- set i = (messages|length - 1) - loop.index0 -%}{{ i }}{{ m.role[0] }}{%- endfor -%}', '{% for m in messages[::-1] %}{{ m.role }}{% endfor %}', '{{ messages[0].content.__class__ }}', '{{ messages.__init__ }}', '{% set x = [] %}{% set _ = x.append(1) %}{{ x }}', '{% set x = {} %}{% set _ = x.update({"a": 1}) %}', '{% set arr = [] %}{% for x in l %}{% set arr = arr + [x] %}{% endfor %}{{ arr }}', '{% set ns = namespace(a=[]) %}{% for x in l %}{% set ns.a = ns.a + [x * 2] %}{% endfor %}{{ ns.a }}',
    '{{ "a" }}\n{{ "b" }}\n', '{{- "a" -}}\n\n {{- "b" }} c', '  {%- set x = 1 -%}  \n {{ x }}', '{% set x = 1 -%}\n\n{{ x }}', '{% set x = 1 +%}\n{{ x }}', '{{ x -}} \n y', 'a\n\n  {% set x = 1 %}\n\n  {{ x }}\n', '{%set x=1%}{{x}}', '{%-if t-%}a{%-endif-%}', '{%\n  if t\n%}x{%\nendif\n%}', '{{\n1\n}}', '{%- if t %}\r\n  x\r\n{%- endif %}\r\ny', '{{ "a\r\nb" }}', "{{ 'a\nb' }}", '{% if t %}\n\nx{% endif %}\n\ny',
    '{% if add_generation_prompt is defined and add_generation_prompt %}{{ "A" }}{% endif %}', '{{ bos_token }}{{ eos_token }}{{ unk_token is defined }}', '{% set x = true %}{% set y = not x %}{{ y }}', '{% set content = message.content %}x', '{% set content = messages[0].content|trim %}[{{ content }}]', '{% if "x" in messages[0] %}a{% endif %}{% if "content" in messages[0] %}b{% endif %}{% if "Be" in messages[0].content %}c{% endif %}',
    '{% for t in tools %}{{ t|tojson(indent=4) }}{{ "\n\n" }}{% endfor %}', '{% for t in tools %}{%- for k, v in t.function.parameters.properties.items() %}{{ k }}: {{ v.type }}{% if not loop.last %}, {% endif %}{% endfor %}{% endfor %}', '{% for m in messages %}{% if m.tool_calls is defined and m.tool_calls is not none %}{% for c in m.tool_calls %}{% set f = c.function %}{{ f.name }}({% for k, v in f.arguments|items %}{{ k }}={{ v if v is string else v|tojson }}{% if not loop.last %},{% endif %}{% endfor %}){% endfor %}{% endif %}{% endfor %}',
    '{% macro render(v) %}{% if v is mapping %}{{ "{" }}{% for k, x in v|dictsort %}{{ k }}:{{ render(x) }}{% if not loop.last %},{% endif %}{% endfor %}{{ "}" }}{% elif v is string %}"{{ v }}"{% elif v is boolean %}{{ "true" if v else "false" }}{% elif v is sequence %}[{% for x in v %}{{ render(x) }}{% if not loop.last %},{% endif %}{% endfor %}]{% elif v is none %}null{% else %}{{ v }}{% endif %}{% endmacro %}{{ render(d) }}{{ render(messages[2].tool_calls) }}',
    '{% set c = cycler("a", "b") %}{% for x in l %}{{ c.next() }}{% endfor %}{{ c.current }}{% set j = joiner("|") %}{% for x in l %}{{ j() }}{{ x }}{% endfor %}', '{% autoescape false %}x{% endautoescape %}', '{% set x = "a" ~ 1 ~ none %}{{ x }}', '{{ x }}{% set x = 1 %}', '{% if t %}{% macro f() %}F{% endmacro %}{% endif %}{{ f() }}', '{% if z %}{% macro f() %}F{% endmacro %}{% endif %}{{ f() }}', '{{ loop }}', '{% for x in l %}{% endfor %}{{ loop is defined }}',
    '# x\n## {{ 1 }}\n{# a\nb #}c\n', '{{ 1 }}{# x #}{{ 2 }}', '{{ 1 -}}{# x -#} {{ 2 }}', '%}}}', '{', '{ {', '{{ "}}" }}', '{% set a = "%}" %}{{ a }}', '{{ 1 }}}', '{{{1: 2}}}', '{{ {} }}', '{{}}', '{%%}', '{% %}', '{{ 1;2 }}', '{{ $ }}', '{{ a.b.c. }}', '{{ a["b" }}', '{{ (1 }}', '{{ 1) }}', '{{ a ? b }}', '{{ "a }}', '{{ é }}', '{% set é = 1 %}{{ é }}', '{{ a!b }}', '{% set x = 1 %}{% set x = x + 1 %}{{ x }}', '{% set ns = namespace(n=1) %}{% macro f() %}{% set ns.n = ns.n + 1 %}{% endmacro %}{{ f() }}{{ ns.n }}', '{% for x in l %}{% with y = x %}{% if y == 2 %}{% continue %}{% endif %}{% endwith %}{{ x }}{% endfor %}',
]


def unstable(text):
    """Whether Python prints a place in memory, which no two runs share."""
    return re.search(r' at 0x[0-9a-f]{6,}>', text) is not None


def rendered(source):
    """The text, or null where Python raises."""
    try:
        text = _compile_jinja_template(source).render(**CONTEXT)
    except Exception as error:  # noqa: BLE001 -- each kind is a refusal
        print(repr(source), '->', type(error).__name__, error, file=sys.stderr)
        return None
    return None if unstable(text) else text


def main():
    sources = ['{{ %s }}' % line for line in EXPRESSIONS.split('\n') if line] + TEMPLATES
    rows = [[source, rendered(source)] for source in sources]
    # Unescaped U+2028 and lone surrogates stay readable, and every engine's JSON reads them alike.
    lines = ',\n'.join(json.dumps(row, ensure_ascii=True) for row in rows)
    context = json.dumps(CONTEXT, ensure_ascii=True)
    print('{"context": %s,\n"templates": [\n%s\n]}' % (context, lines))


main()
