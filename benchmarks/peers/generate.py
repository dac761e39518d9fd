"""Sampling in transformers, served line by line so that a harness can interleave it with ours.

usage: python generate.py MODEL [cpu|cuda] < work.json lines   (MODEL: a GGUF file or a model folder)
Reads one JSON object a line: {"prompts": [[ids]], "samples": 2, "new_tokens": 128, "top_p": 0.9}; answers {"seconds"}.
All prompts in one left-padded batch, bf16, with the attention that a short probe finds faster.
"""
import json
import os
import sys
import time

import torch

from common import load

PAD = 2
DEVICE = sys.argv[2].split(":")[0] if len(sys.argv) > 2 else "cpu"


def sample(model, work):
    prompts, n = work["prompts"], work["new_tokens"]
    width = max(map(len, prompts))
    ids = torch.tensor([[PAD] * (width - len(p)) + p for p in prompts], device=DEVICE)
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts], device=DEVICE)
    start = time.perf_counter()
    with torch.inference_mode():
        model.generate(input_ids=ids, attention_mask=mask, do_sample=True, temperature=1.0, top_p=work["top_p"], top_k=0,
                       num_return_sequences=work["samples"], max_new_tokens=n, min_new_tokens=n, pad_token_id=PAD)
    if DEVICE == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def fastest_attention(model, work):
    def seconds(name):
        model.set_attn_implementation(name)
        part = dict(work, new_tokens=min(8, work["new_tokens"]))
        return min(sample(model, part) for _ in range(2))

    best = min(("sdpa", "eager"), key=seconds)
    model.set_attn_implementation(best)
    return best


def main():
    torch.manual_seed(0)
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    model = load(sys.argv[1], dtype=torch.bfloat16)[0].to(DEVICE)
    chosen = {}
    for line in sys.stdin:
        work = json.loads(line)
        key = (len(work["prompts"]), work["new_tokens"])
        if key not in chosen:
            chosen[key] = fastest_attention(model, work)
        model.set_attn_implementation(chosen[key])
        print(json.dumps(dict(seconds=sample(model, work), attention=chosen[key])), flush=True)


main()
