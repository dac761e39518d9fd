"""transformers + PEFT, served line by line: open, score, one LoRA step, save; the same work as benchmarks/large-model/ours.mjs.

usage: python large_model.py FOLDER [cpu|cuda] < work.json lines
Reads {"rows": [[ids]], "out": FOLDER} a line, all rows of one length; answers {"phases", "logprob", "loss"} a line. Each part in the
peer's usual setting: weights mapped, sdpa, no cache, all rows at once.
"""
import json
import os
import sys

import torch
import torch.nn.functional as F
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from measured import Measured

FOLDER = sys.argv[1]
DEVICE = sys.argv[2].split(":")[0] if len(sys.argv) > 2 else "cpu"
MEASURED = Measured(DEVICE)


def label_logprobs(model, ids):
    logits = model(input_ids=ids, use_cache=False).logits
    return -F.cross_entropy(logits[:, :-1].float().transpose(1, 2), ids[:, 1:], reduction="none")


def answer(work):
    phases = {}

    def phase(name, fn):
        MEASURED.reset_peak()
        start = MEASURED.now()
        value = fn()
        phases[name] = dict(seconds=MEASURED.now() - start, peak_mb=MEASURED.peak_mb())
        return value

    base = phase("open", lambda: AutoModelForCausalLM.from_pretrained(FOLDER, dtype=torch.bfloat16).eval().to(DEVICE))
    parameters = list(base.parameters())
    phases["open"]["held_mb"] = sum(p.numel() * p.element_size() for p in parameters) / 2**20
    ids = torch.tensor(work["rows"], device=DEVICE)
    with torch.no_grad():
        logprob = phase("score", lambda: label_logprobs(base, ids).mean().item())
    model = get_peft_model(base, LoraConfig(r=8, lora_alpha=16, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM"))
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=5e-6)

    def train():
        model.train()
        loss = -label_logprobs(model, ids).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.item()

    loss = phase("train", train)
    phase("save", lambda: model.save_pretrained(work["out"]))
    return dict(phases=phases, logprob=logprob, loss=loss)


torch.manual_seed(0)
torch.set_num_threads(len(os.sched_getaffinity(0)))
for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
