"""Verdict log-probabilities in transformers, served line by line so that a harness can interleave it with ours.

usage: python judge.py MODEL [cpu|cuda] < work.json lines   (MODEL: a GGUF file or a model folder)
Reads one JSON object a line: {"sequences": [[ids]], "labels": [[a, b]]}; answers {"seconds", "logp", "batch"}: of the labels
after the last token, sequence by sequence. bf16, sdpa, the last logits only, sorted by length, in batches of the size that a
short probe finds fastest.
"""
import json
import os
import sys
import time

import torch

from common import load

PAD = 2
DEVICE = sys.argv[2].split(":")[0] if len(sys.argv) > 2 else "cpu"


@torch.inference_mode()
def score(model, sequences, labels, batch):
    order = sorted(range(len(sequences)), key=lambda i: len(sequences[i]))
    logp = torch.empty(len(sequences), 2)
    for at in range(0, len(order), batch):
        part = order[at:at + batch]
        width = len(sequences[part[-1]])
        pads = [width - len(sequences[i]) for i in part]
        ids = torch.tensor([[PAD] * pad + sequences[i] for pad, i in zip(pads, part)], device=DEVICE)
        mask = torch.tensor([[0] * pad + [1] * (width - pad) for pad in pads], device=DEVICE)
        positions = (mask.cumsum(-1) - 1).clamp(min=0)
        logits = model(input_ids=ids, attention_mask=mask, position_ids=positions, logits_to_keep=1, use_cache=False).logits
        picked = logits[:, -1].float().log_softmax(-1).gather(1, torch.tensor([labels[i] for i in part], device=DEVICE))
        logp[part] = picked.cpu()
    return logp


def seconds(model, sequences, labels, batch):
    start = time.perf_counter()
    score(model, sequences, labels, batch)
    return time.perf_counter() - start


def main():
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    model = load(sys.argv[1], dtype=torch.bfloat16)[0].to(DEVICE)
    batch = None
    for line in sys.stdin:
        work = json.loads(line)
        sequences, labels = work["sequences"], work["labels"]
        if batch is None:
            sizes = (2, 4, 8, 16) if DEVICE == "cpu" else (16, 32, 64, 128)
            some = sorted(range(len(sequences)), key=lambda i: len(sequences[i]))[::4]
            some_sequences, some_labels = [sequences[i] for i in some], [labels[i] for i in some]
            seconds(model, some_sequences[:4], some_labels[:4], 4)
            batch = min(sizes, key=lambda size: seconds(model, some_sequences, some_labels, size))
        start = time.perf_counter()
        logp = score(model, sequences, labels, batch)
        print(json.dumps(dict(seconds=time.perf_counter() - start, logp=logp.flatten().tolist(), batch=batch)), flush=True)


main()
