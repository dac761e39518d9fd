"""Offsets by Python's tokenizers of the texts and tokenizers in fixtures/tokenizers.json, for packages/text/src/offsets.test.ts.

    python benchmarks/peers/token_offsets.py > benchmarks/peers/fixtures/token_offsets.json
    python benchmarks/peers/token_offsets.py SMOLLM2.gguf > benchmarks/peers/fixtures/smollm2_offsets.json

With a GGUF file instead by its tokenizer as transformers opens it, for test/real/offsets.real.test.ts. Of each part and text the ids and the starts and ends of their tokens, in code points.
"""
import json
import os
import sys

from tokenizers import Tokenizer

FOLDER = os.path.join(os.path.dirname(__file__), 'fixtures')
FURTHER = [
    'plain words', 'Ünï cödé ñ', 'e\u0301 o\u0308\u0323 u\u0323\u0308', '\u1100\u1161\u11a8 \ud55c\uae00', '\ufb01x \u2126 \u00bd', 'a🙂b🙂🙂 c',
    '漢字かな カナ', '  two  spaces  ', '\t\ttabs\nlines\r\n', 'İstanbul IĞDIR', 'x <mid> y', 'a<Norm>b ab abc', '\u1e69\u0323', 'A\u030a\u212b', '…', 'ａｂ',
]
with open(os.path.join(FOLDER, 'tokenizers.json')) as file:
    fixture = json.load(file)
texts = fixture['texts'] + FURTHER


def offsets(name, kind, normalizer, pre_tokenizer, post_processor=None):
    whole = {'version': '1.0', 'truncation': None, 'padding': None, 'normalizer': normalizer, 'pre_tokenizer': pre_tokenizer,
             'post_processor': post_processor, 'decoder': fixture['decoders'][kind], **fixture['vocabularies'][kind]}
    tokenizer = Tokenizer.from_str(json.dumps(whole))
    encoded = [tokenizer.encode(text, add_special_tokens=False) for text in texts]
    return {'name': name, 'vocabulary': kind, 'normalizer': normalizer, 'pre_tokenizer': pre_tokenizer, 'post_processor': post_processor,
            'tokens': [[[i, *at] for i, at in zip(one.ids, one.offsets)] for one in encoded]}


def of_gguf(path):
    from tokenizers import pre_tokenizers
    from transformers import AutoTokenizer
    tokenizer = AutoTokenizer.from_pretrained(os.path.dirname(path), gguf_file=os.path.basename(path))
    # transformers takes every GGUF file of GPT-2's kind for GPT-2 itself; SmolLM2's own tokenizer.json cuts at digits first.
    level = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), level])
    encoded = [tokenizer(text, add_special_tokens=False, return_offsets_mapping=True) for text in texts]
    return [[[i, *at] for i, at in zip(one['input_ids'], one['offset_mapping'])] for one in encoded]


def of_parts():
    out = [offsets(p['name'], p['vocabulary'], p['normalizer'], p['pre_tokenizer']) for p in fixture['parts']]
    for prefix in (False, True):
        level = {'type': 'ByteLevel', 'add_prefix_space': prefix, 'trim_offsets': True, 'use_regex': True}
        out.append(offsets(f'trimmed, prefix {prefix}', 'bytes', None, level, level))
    return out


out = {'tokens': of_gguf(sys.argv[1])} if len(sys.argv) > 1 else {'parts': of_parts()}
json.dump({'texts': texts, **out}, sys.stdout, separators=(',', ':'), ensure_ascii=False)
