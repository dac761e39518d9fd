"""Learning rates of transformers' schedulers, written to test/fixtures/schedules.json: of each case our options and the
rates of its steps. usage: python benchmarks/peers/schedules.py (needs transformers and torch)"""
import json
import os

import torch
from transformers import get_scheduler

CASES = [
    ("constant", {}, {}),
    ("constant_with_warmup", {}, {}),
    ("linear", {}, {}),
    ("cosine", {}, {}),
    ("cosine", {"num_cycles": 1.25}, {"lrNumCycles": 1.25}),
    ("cosine_with_min_lr", {"min_lr_rate": 0.1}, {"minLrRatio": 0.1}),
    ("cosine_with_min_lr", {"min_lr": 1e-5}, {"minLrRatio": 0.05}),
    ("cosine_with_min_lr", {"min_lr_rate": 0.2, "num_cycles": 1.5}, {"minLrRatio": 0.2, "lrNumCycles": 1.5}),
    ("cosine_with_restarts", {}, {}),
    ("cosine_with_restarts", {"num_cycles": 3}, {"lrNumCycles": 3}),
    ("polynomial", {}, {}),
    ("polynomial", {"power": 2.5}, {"lrPower": 2.5}),
    ("polynomial", {"lr_end": 2e-5, "power": 0.5}, {"minLrRatio": 0.1, "lrPower": 0.5}),
]
RATE = 2e-4


def rates(name, warmup, total, kwargs):
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=RATE)
    scheduler = get_scheduler(name, optimizer, warmup, total, scheduler_specific_kwargs=kwargs)
    out = []
    for _ in range(total + 1):
        out.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return out


cases = [
    {"options": {"learningRate": RATE, "lrSchedulerType": name, "warmupSteps": warmup, **ours}, "totalSteps": total,
     "rates": rates(name, warmup, total, theirs)}
    for name, theirs, ours in CASES
    for warmup, total in ((0, 7), (3, 12))
]
out = os.path.join(os.path.dirname(__file__), "../../test/fixtures/schedules.json")
with open(out, "w") as f:
    json.dump(cases, f, indent=1)
    f.write("\n")
print(len(cases), "cases")
