"""transformers + PEFT, served line by line: a LoRA step or scores of long rows; the same work as benchmarks/large/ours.mjs.

usage: python large.py FOLDER [cpu|cuda] [plain|checkpointing] < work.json lines
Reads {"rows": [[ids]], "train": bool} a line, all rows of one length; answers {"seconds", "peak_mb", "logprob"} a line. sdpa, no cache,
all rows at once, the loss as the model computes it; checkpointing as TRL sets it.
"""
import json
import os
import sys

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from measured import Measured

FOLDER = sys.argv[1]
DEVICE = sys.argv[2].split(":")[0] if len(sys.argv) > 2 else "cpu"
MEASURED = Measured(DEVICE)
CHECKPOINTING = len(sys.argv) > 3 and sys.argv[3] == "checkpointing"


def answer(work):
    model = AutoModelForCausalLM.from_pretrained(FOLDER, dtype=torch.bfloat16).to(DEVICE)
    # Mapped weights are read from the disk at their first use, which is not what is measured.
    for parameter in model.parameters():
        parameter.sum()
    ids = torch.tensor(work["rows"], device=DEVICE)
    if work["train"]:
        model = get_peft_model(model, LoraConfig(r=8, lora_alpha=16, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM"))
        if CHECKPOINTING:
            model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
            model.enable_input_require_grads()
        optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=5e-6)
        model.train()
    else:
        model.eval()

    def step():
        loss = model(input_ids=ids, labels=ids, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return -loss.item()

    def score():
        with torch.no_grad():
            return -model(input_ids=ids, labels=ids, use_cache=False).loss.item()

    MEASURED.reset_peak()
    start = MEASURED.now()
    logprob = step() if work["train"] else score()
    return dict(seconds=MEASURED.now() - start, peak_mb=MEASURED.peak_mb(), logprob=logprob)


torch.manual_seed(0)
torch.set_num_threads(len(os.sched_getaffinity(0)))
for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
