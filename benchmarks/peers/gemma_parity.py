"""Log-probabilities of transformers on the real Gemma 3, its GGUF file dequantised to float32: fixtures/gemma_parity.json.

usage: python gemma_parity.py MODEL.gguf PREFERENCES.jsonl
"""
import json
import pathlib
import sys

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer

from common import TEXTS, digest, logprobs, write

path = pathlib.Path(sys.argv[1])
model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32).eval()
tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
rows = [json.loads(line) for line in open(sys.argv[2])]
# One is longer than the window of 512 tokens.
texts = [*TEXTS, " ".join(TEXTS * 5)] + [row[side][0]["content"] for row in rows for side in ("chosen", "rejected")]
out = []
for text in texts[:20]:
    ids = tokenizer(text, add_special_tokens=True)["input_ids"]
    out.append(dict(text=text, digest=digest(ids), tokens=len(ids), logprobs=[round(x, 6) for x in logprobs(model, ids)]))
write("gemma_parity.json", dict(versions=dict(torch=torch.__version__, transformers=transformers.__version__), texts=out))
print([item["tokens"] for item in out], model.config.sliding_window, model.config.layer_types[:7], model.config.rope_parameters)
