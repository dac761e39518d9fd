"""Ids by Python's tokenizers and transformers, for packages/text/src/pythonIds.test.ts and test/vocabularies.soak.test.ts.

usage: tokenizer_ids.py fixture > benchmarks/peers/fixtures/tokenizers.json
       tokenizer_ids.py ids TOKENIZER_JSON < texts.jsonl > ids.jsonl
"""
import json
import os
import random
import sys
import tempfile

os.environ['TRANSFORMERS_VERBOSITY'] = 'error'
os.environ['HF_HUB_OFFLINE'] = '1'
from tokenizers import Tokenizer, models, trainers

TEXTS = [
    "It's 1,234.5 km (as of 2024):\n\n  don't STOP, we'Ve", 'Größe zählt nicht – „3,14 €“', "L’été, où êtes-vous ? C'est-à-dire",
    'Быстрая лиса, 2024 г. № 5', '素早い茶色の狐。カタカナ ﾊﾝｶｸ ＡＢＣ１２３', '敏捷的狐狸,价格是¥12,345.67。', '빠른 갈색 여우',
    'الثعلب ١٢٣ ٤٥٦', 'तेज़ भूरी ९८७', 'สุนัขจิ้งจอก', 'ΣΊΣΥΦΟΣ ἀγαθός', '👩‍👩‍👧‍👦 🏳️‍🌈 🫨🛜', 'e\u0301te\u0301 a\u0308\u0323 \u1e9e \ufb01 \u0130\u0131',
    "it'\u017f we\u017fRE k\u212a'LL \u017f'S", 'x\u00a0\u00a0y\u3000z\u2028l\u2029p\u0085n', 'a\ufeffb\ufeff\ufeff  c', 'a\u180eb\u200bw\u200c\u200dj',
    'a\x00b\x1c\x1d\x1e\x1fc\x7f', 'def f(x):\n\treturn [i**2 for i in x]  # ok\n\n\n', '<div class="a">  t </div>\r\n\r\n', '    \n   \n\t\t \n x',
    '1234567 ½⅓ Ⅷ ² x①', 'http://a.io/?q=a%20b#e foo_bar-baz', '«q» “q” ‘q’ — … ‰ §', 'a\u1680\u2000\u200a\u205f b', 'x\u0378\U000e0100\ufffe',
    '\ua7ce\u11de0 \U00011de1 \U000323b0', 'hello<tool>world <tool> x', 'a  <mid>  b<mid>c', 'x <Norm> y<Norm>', ' lead and  double  ', '<|end|>', 'ab', ' ',
]
REGEX = {
    'llama 3': r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    'gpt-4o': r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s+(?!\S)|\s+",
    'possessive': r"[^\r\n\p{L}\p{N}]?+\p{L}++|(?>\p{N}{1,2})| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s+$|\s*[\r\n]|\s+(?!\S)|\s",
    'words': r'\w+|\W+?\b|\d|\S', 'classes': r'[[:alpha:]_&&[^a-e]]+|[[:space:]]|[\x{41}-\x{5A}\-\]]|\p{Han}+|\P{^Hiragana}|(?<=a)b|.',
}
split = lambda pattern, behavior='Isolated', invert=False: {'type': 'Split', 'pattern': pattern, 'behavior': behavior, 'invert': invert}
level = lambda **more: {'type': 'ByteLevel', 'add_prefix_space': False, 'trim_offsets': True, 'use_regex': False, **more}
sequence = lambda *parts: {'type': 'Sequence', 'pretokenizers': list(parts)}
normal = lambda *parts: {'type': 'Sequence', 'normalizers': list(parts)}
metaspace = lambda scheme, split_=False: {'type': 'Metaspace', 'replacement': '▁', 'prepend_scheme': scheme, 'split': split_}
PREPEND = normal({'type': 'Prepend', 'prepend': '▁'}, {'type': 'Replace', 'pattern': {'String': ' '}, 'content': '▁'})
DEEPSEEK = ['[\r\n]', r'\s?\p{L}+', r'\s?\p{P}+', '[一-龥ࠀ-一가-\ud7ff]+']


def added(id_, content, special=False, **more):
    return {'id': id_, 'content': content, 'single_word': False, 'lstrip': False, 'rstrip': False, 'normalized': False, 'special': special, **more}


def parts():
    """Name, which vocabulary, normalizer and pre-tokenizer."""
    for name, regex in REGEX.items():
        yield name, 'bytes', None, sequence(split({'Regex': regex}), level())
    yield 'gpt-2', 'bytes', None, level(use_regex=True)
    yield 'prefixed', 'bytes', None, level(use_regex=True, add_prefix_space=True)
    yield 'smollm', 'bytes', None, sequence({'type': 'Digits', 'individual_digits': True}, level(use_regex=True))
    yield 'deepseek', 'bytes', None, sequence(*(split({'Regex': r}) for r in DEEPSEEK), {'type': 'Digits', 'individual_digits': True}, level())
    yield 'falcon', 'bytes', None, sequence({'type': 'Punctuation', 'behavior': 'Contiguous'}, level(use_regex=True), {'type': 'Digits', 'individual_digits': False}, split({'Regex': '[0-9][0-9][0-9]'}))
    yield 'punctuation', 'bytes', None, sequence({'type': 'Punctuation', 'behavior': 'Isolated'}, level())
    yield 'words alone', 'bytes', None, sequence({'type': 'WhitespaceSplit'}, {'type': 'Whitespace'}, level())
    for form in ('NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase'):
        yield form, 'bytes', {'type': form}, level(use_regex=True)
    yield 'strip', 'bytes', {'type': 'Strip', 'strip_left': True, 'strip_right': False}, level()
    for behavior in ('Removed', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'):
        for invert in (False, True):
            yield f'{behavior} {invert}', 'bytes', None, sequence(split({'Regex': r'\s|[a-e]'}, behavior, invert), level())
    yield 'prepend', 'pieces', PREPEND, None
    for scheme in ('first', 'always', 'never'):
        yield scheme, 'pieces', None, metaspace(scheme, scheme == 'always')
    yield 'gemma', 'pieces', {'type': 'Replace', 'pattern': {'String': ' '}, 'content': '▁'}, split({'String': ' '}, 'MergedWithPrevious')


def vocabularies():
    printable = [b for b in range(256) if 33 <= b <= 126 or 161 <= b <= 172 or 174 <= b]
    hidden = iter(range(256, 512))
    chars = [chr(b) if b in printable else chr(next(hidden)) for b in range(256)]
    as_bytes = lambda text: ''.join(chars[b] for b in text.encode())
    train = lambda texts, size, alphabet: json.loads(trained(texts, size, alphabet).to_str())['model']

    def trained(texts, size, alphabet):
        t = Tokenizer(models.BPE())
        t.train_from_iterator(texts * 2, trainers.BpeTrainer(vocab_size=size, min_frequency=2, initial_alphabet=alphabet, show_progress=False))
        return t

    byte_model = train([as_bytes(x) for x in TEXTS], 700, chars)
    piece_model = train([x.replace(' ', '▁') for x in TEXTS if x.isascii() or '<' in x], 200, ['▁'])
    pieces = ['<unk>', '<s>', '</s>'] + [f'<0x{b:02X}>' for b in range(256)]
    piece_model['vocab'] = {t: i for i, t in enumerate(pieces + [t for t, _ in sorted(piece_model['vocab'].items(), key=lambda x: x[1])])}
    piece_model.update(unk_token='<unk>', fuse_unk=True, byte_fallback=True)
    n, m = len(byte_model['vocab']), len(piece_model['vocab'])
    extra = lambda n: [added(n, '<tool>'), added(n + 1, '<mid>', lstrip=True, rstrip=True), added(n + 2, '<Norm>', normalized=True), added(n + 3, 'ab', single_word=True)]
    return {'bytes': {'model': byte_model, 'added_tokens': [added(n, '<|end|>', True), *extra(n + 1)]},
            'pieces': {'model': piece_model, 'added_tokens': [added(i, pieces[i], True) for i in range(3)] + extra(m)}}


DECODERS = {'bytes': level(), 'pieces': {'type': 'Sequence', 'decoders': [{'type': 'Replace', 'pattern': {'String': '▁'}, 'content': ' '}, {'type': 'ByteFallback'}, {'type': 'Fuse'}, {'type': 'Strip', 'content': ' ', 'start': 1, 'stop': 0}]}}


def whole(base, kind, normalizer, pre):
    return {'version': '1.0', 'truncation': None, 'padding': None, 'normalizer': normalizer, 'pre_tokenizer': pre, 'post_processor': None, 'decoder': DECODERS[kind], **base[kind]}


def folders(base, count):
    """Random folders whose tokens stand in several files, and what transformers makes of them."""
    from transformers import AutoTokenizer
    rng = random.Random(5)
    words = ['<|end|>', '<s>', '</s>', '<x>', '<pad>', '<tool>', '<Norm>', '<é>', 'he']
    flags = lambda: {k: rng.random() < .3 for k in ('lstrip', 'rstrip', 'single_word', 'normalized', 'special')}
    named = lambda: {k: w if rng.random() < .6 else {'__type': 'AddedToken', 'content': w, **flags()} for k, w in zip(rng.sample(['bos_token', 'eos_token', 'pad_token', 'unk_token', 'image_token'], rng.randint(0, 3)), rng.sample(words, 3))}
    rules = {'bytes': (None, level(use_regex=True)), 'pieces': (PREPEND, None)}
    for _ in range(count):
        kind = rng.choice(['bytes', 'pieces'])
        config = {'tokenizer_class': rng.choice(['PreTrainedTokenizerFast', 'LlamaTokenizer']), **named()}
        files = {}
        if rng.random() < .4: config['legacy'] = rng.random() < .5
        if rng.random() < .3: config['additional_special_tokens'] = rng.sample(words, 2)
        if rng.random() < .2: config['extra_special_tokens'] = rng.sample(words, 2)
        if rng.random() < .4: config['added_tokens_decoder'] = {str(rng.randint(0, 900)): {'content': w, **flags()} for w in rng.sample(words, 3)}
        if rng.random() < .4: files['special_tokens_map.json'] = {k: v if isinstance(v, str) else {a: b for a, b in v.items() if a != '__type'} for k, v in named().items()}
        if rng.random() < .3: files['added_tokens.json'] = {w: 900 + i for i, w in enumerate(rng.sample(words, 2))}
        files['tokenizer_config.json'] = config
        files['config.json'] = {'model_type': 'llama'}
        texts = [''.join(rng.choice(words + ['a', 'he', 'hello', ' ', '  ', '\n', 'é', '1']) for _ in range(rng.randint(1, 12))) for _ in range(8)]
        with tempfile.TemporaryDirectory() as folder:
            for name, value in {**files, 'tokenizer.json': whole(base, kind, *rules[kind])}.items():
                with open(f'{folder}/{name}', 'w') as f:
                    json.dump(value, f)
            t = AutoTokenizer.from_pretrained(folder)
        yield {'vocabulary': kind, 'normalizer': rules[kind][0], 'pre_tokenizer': rules[kind][1], 'files': files,
               'added': {str(token): i for i, token in sorted(t.added_tokens_decoder.items())},
               'cases': [[text, t(text, add_special_tokens=False).input_ids] for text in texts]}


def fixture():
    base, out = vocabularies(), []
    for name, kind, normalizer, pre in parts():
        t = Tokenizer.from_str(json.dumps(whole(base, kind, normalizer, pre)))
        ids = [t.encode(text, add_special_tokens=False).ids for text in TEXTS]
        out.append({'name': name, 'vocabulary': kind, 'normalizer': normalizer, 'pre_tokenizer': pre, 'ids': ids, 'decoded': [t.decode(i, skip_special_tokens=False) for i in ids]})
    json.dump({'texts': TEXTS, 'vocabularies': base, 'decoders': DECODERS, 'parts': out, 'folders': list(folders(base, 40))}, sys.stdout, separators=(',', ':'))


def ids(path):
    t = Tokenizer.from_file(path)
    t.no_truncation()
    t.no_padding()
    for line in sys.stdin:
        print(json.dumps(t.encode(json.loads(line), add_special_tokens=False).ids))


fixture() if sys.argv[1] == 'fixture' else ids(sys.argv[2])
