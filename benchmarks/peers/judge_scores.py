"""Probabilities that transformers gives the verdict tokens after texts a judge was asked with: fixtures/judge.json.

usage: python judge_scores.py MODEL.gguf VERDICTS.jsonl
VERDICTS.jsonl is what `selfjudge judge --template plain --dtype float32` wrote.
"""
import json
import sys

import torch
import transformers

from common import load, write


@torch.no_grad()
def main():
    model, tokenizer = load(sys.argv[1])
    a, b = (tokenizer(verdict, add_special_tokens=False)["input_ids"] for verdict in (" A", " B"))
    assert len(a) == len(b) == 1
    with open(sys.argv[2]) as lines:
        texts = [order["rendered"] for line in lines for order in json.loads(line)["orders"]]
    rows = []
    for text in texts:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        p = model(torch.tensor([ids])).logits[0, -1].double().softmax(-1)
        rows.append(dict(rendered=text, tokens=len(ids), p_a=p[a[0]].item(), p_b=p[b[0]].item()))
    write("judge.json", dict(versions=dict(torch=torch.__version__, transformers=transformers.__version__), rows=rows))


main()
