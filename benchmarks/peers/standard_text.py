"""Token ids of rows in TRL's standard format, as its DPO and SFT trainers make them: packages/data's fixture.

    python benchmarks/peers/standard_text.py FOLDER_OF_A_TOKENIZER > benchmarks/peers/fixtures/standard_text.json

The tokenizer of the committed file is byteTokenizer({ words: [' tea', 'xyz'] }), written by its save().
"""
import json
import sys

from transformers import AutoTokenizer
from trl.trainer.dpo_trainer import common_prefix_length

TURN = '<|im_start|>user\nWhich colour?<|im_end|>\n<|im_start|>assistant\n'
ROWS = [
    {'prompt': TURN, 'chosen': 'Green.<|im_end|>\n', 'rejected': 'No.<|im_end|>'},
    {'prompt': 'What is green? It is', 'chosen': ' tea.', 'rejected': ' not said.'},
    {'prompt': 'A seam: x', 'chosen': 'yz', 'rejected': 'z'},
    {'prompt': 'Answer: ', 'chosen': 'tea', 'rejected': 'no'},
    {'prompt': 'Ünï \U0001f33f', 'chosen': '\n', 'rejected': '.'},
]

tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
ids = lambda text: tokenizer(text)['input_ids']
ended = lambda text: text if text.endswith(tokenizer.eos_token) else text + tokenizer.eos_token
for row in ROWS:
    prompt = ids(row['prompt'])
    chosen, rejected = (ids(row['prompt'] + ended(row[side])) for side in ('chosen', 'rejected'))
    n = min(common_prefix_length(prompt, chosen), common_prefix_length(prompt, rejected))
    m = common_prefix_length(prompt, chosen)
    row['pair'] = {'prompt': prompt[:n], 'chosen': chosen[n:], 'rejected': rejected[n:]}
    row['sft'] = {'prompt': prompt[:m], 'completion': chosen[m:]}
json.dump(ROWS, sys.stdout, ensure_ascii=False)
print()
