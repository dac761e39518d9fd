"""Rewards of folders that selfjudge saved, by transformers and PEFT, float32: a JSON object on stdin, a JSON list on stdout.

usage: echo '{"full": DIR | null, "base": DIR, "adapter": DIR, "rows": [[ids], ...]}' | python reward_scores.py
"""
import json
import sys

import torch
from peft import PeftModel
from transformers import AutoModelForSequenceClassification


def main():
    work = json.load(sys.stdin)
    load = lambda path: AutoModelForSequenceClassification.from_pretrained(path, num_labels=1, dtype=torch.float32)
    model = load(work["full"]) if work.get("full") else PeftModel.from_pretrained(load(work["base"]), work["adapter"])
    model.eval()
    pad = model.config.pad_token_id if work.get("full") else work["pad"]
    model.config.pad_token_id = pad
    rows = work["rows"]
    width = max(map(len, rows))
    filled = torch.tensor([row + [pad] * (width - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    with torch.no_grad():
        together = model(input_ids=filled, attention_mask=mask).logits.squeeze(-1).tolist()
    json.dump(dict(pad=pad, rewards=together, kind=type(model).__name__), sys.stdout)


main()
