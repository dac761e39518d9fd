"""Writes packages/text/src/generalCategories.ts: general categories as the regular expressions of Python's tokenizers have them.

usage: general_categories.py > packages/text/src/generalCategories.ts
"""
from tokenizers import Regex, __version__, pre_tokenizers

NAMES = ['Lu', 'Ll', 'Lt', 'Lm', 'Lo', 'Mn', 'Mc', 'Me', 'Nd', 'Nl', 'No', 'Pc', 'Pd', 'Ps', 'Pe', 'Pi', 'Pf', 'Po',
         'Sm', 'Sc', 'Sk', 'So', 'Zs', 'Zl', 'Zp', 'Cc', 'Cf', 'Cs', 'Co', 'Cn']
LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ$#@%'
CODES = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
TEXT = ''.join(map(chr, CODES))


def base36(n):
    digits = ''
    while n:
        n, r = divmod(n, 36)
        digits = '0123456789abcdefghijklmnopqrstuvwxyz'[r] + digits
    return digits


table = bytearray([NAMES.index('Cs')]) * 0x110000
for index, name in enumerate(NAMES):
    if name == 'Cs':
        continue
    keep = bytearray(b'\1') * len(CODES)
    for _, (start, end) in pre_tokenizers.Split(Regex(f'\\p{{{name}}}'), 'removed').pre_tokenize_str(TEXT):
        keep[start:end] = bytes(end - start)
    at = keep.find(1)
    while at >= 0:
        table[CODES[at]] = index
        at = keep.find(1, at + 1)
runs, start = '', 0
for code in range(1, 0x110001):
    if code == 0x110000 or table[code] != table[start]:
        length = code - start
        runs += LETTERS[table[start]] + ('' if length == 1 else base36(length))
        start = code
print(f"""/**
 * General categories of all code points in order: a letter for the category, then how many code points have it, in base 36,
 * where it is more than one. Written by benchmarks/peers/general_categories.py with tokenizers {__version__} (Unicode 16).
 */
export const GENERAL_CATEGORIES = {{
  names: '{' '.join(NAMES)}'.split(' '),
  letters: '{LETTERS}',
  runs:""")
for i in range(0, len(runs), 110):
    print(f"    '{runs[i:i + 110]}'" + (' +' if i + 110 < len(runs) else ','))
print('};')
