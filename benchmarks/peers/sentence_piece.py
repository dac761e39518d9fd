"""Ids of folders with a tokenizer.model alone, for packages/text/src/sentencePiece.test.ts.

    python benchmarks/peers/sentence_piece.py > benchmarks/peers/fixtures/sentence_piece.json

The pieces are written down with the ids, so that the test builds the same model without this program: sentencepiece's own
ids of it, and those of transformers for each class of folder.
"""
import json
import os
import tempfile

os.environ['TRANSFORMERS_VERBOSITY'] = 'error'
os.environ['HF_HUB_OFFLINE'] = '1'
import sentencepiece
from sentencepiece import sentencepiece_model_pb2 as proto
from transformers import AutoTokenizer

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, BYTE = 1, 2, 3, 4, 6
WORDS = ['▁t', 'he', '▁the', 'in', '▁a', 'll', 'ell', '▁h', 'ello', '▁hello', '▁▁', 'th', 'éa', '▁▁▁▁', 'the']
TEXTS = [
    'hello the hall', 'the', ' the', '  the  the', 'a\nb', 'théâtre', '好 a', '👩‍🚀 hello', '', ' ', '     ', 'x<tool>the', '<tool> the',
    'aaaaeelllloo hello hello', '\tthe\r\n', 'e\u0301', 'the<tool><tool>', '▁the', 'H é éa', 'hellothe',
]


def pieces(bytes_):
    yield '<unk>', 0.0, UNKNOWN
    yield '<s>', 0.0, CONTROL
    yield '</s>', 0.0, CONTROL
    yield '<tool>', 0.0, USER_DEFINED
    if bytes_:
        for byte in range(256):
            yield f'<0x{byte:02X}>', 0.0, BYTE
    for i, piece in enumerate(WORDS + list('▁aehlotiné')):
        yield piece, -float(i), NORMAL


def model(bytes_):
    made = proto.ModelProto()
    for piece, score, kind in pieces(bytes_):
        made.pieces.add(piece=piece, score=score, type=kind)
    trainer = made.trainer_spec
    trainer.model_type, trainer.byte_fallback = 2, bytes_
    trainer.unk_id, trainer.bos_id, trainer.eos_id, trainer.pad_id = 0, 1, 2, -1
    normalizer = made.normalizer_spec
    normalizer.name, normalizer.precompiled_charsmap = 'identity', b''
    normalizer.add_dummy_prefix, normalizer.remove_extra_whitespaces, normalizer.escape_whitespaces = True, False, True
    return made.SerializeToString()


FOLDERS = [
    ({'tokenizer_class': 'LlamaTokenizer'}, {'model_type': 'llama'}),
    ({'tokenizer_class': 'LlamaTokenizer', 'legacy': True}, {'model_type': 'llama'}),
    ({'tokenizer_class': 'LlamaTokenizer', 'add_prefix_space': False}, {'model_type': 'llama'}),
    ({'tokenizer_class': 'GemmaTokenizer'}, {'model_type': 'gemma'}),
    ({'tokenizer_class': 'LlamaTokenizer'}, {'model_type': 'mistral'}),
]
out = {'texts': TEXTS, 'models': []}
for bytes_ in (True, False):
    data = model(bytes_)
    own = sentencepiece.SentencePieceProcessor(model_proto=data)
    entry = {'byteFallback': bytes_, 'pieces': list(pieces(bytes_)), 'ids': [own.encode(text) for text in TEXTS], 'folders': []}
    for config, of_model in FOLDERS:
        with tempfile.TemporaryDirectory() as folder:
            write = lambda name, value: open(os.path.join(folder, name), 'w').write(json.dumps(value))
            open(os.path.join(folder, 'tokenizer.model'), 'wb').write(data)
            write('tokenizer_config.json', config)
            write('config.json', of_model)
            tokenizer = AutoTokenizer.from_pretrained(folder)
            ids = [tokenizer(text, add_special_tokens=False)['input_ids'] for text in TEXTS]
            texts = [tokenizer.decode(each) for each in ids]
            entry['folders'].append({'config': config, 'model': of_model, 'ids': ids, 'decoded': texts})
    out['models'].append(entry)
print(json.dumps(out, ensure_ascii=False))
