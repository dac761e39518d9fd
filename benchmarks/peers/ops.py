"""Single ops in PyTorch, served line by line: the same work as benchmarks/ops/ours.mjs.

usage: python ops.py cpu|cuda < work.json lines
Each op in PyTorch's fastest form: F.linear, F.cross_entropy on the logits, scaled_dot_product_attention (grouped heads)
on the padded batch with the causal mask. Answers {"seconds"} of one call.
"""
import json
import sys
import time

import torch
import torch.nn.functional as F

device = sys.argv[1].split(":")[0]
if device == "cpu":
    import os
    torch.set_num_threads(os.cpu_count())
torch.manual_seed(0)
DTYPES = dict(bf16=torch.bfloat16, float32=torch.float32)


def sync():
    if device == "cuda":
        torch.cuda.synchronize()


def randn(*shape, dtype, grad=False):
    return torch.randn(*shape, device=device).to(dtype).requires_grad_(grad)


def prepare(work):
    dtype, shape = DTYPES[work["dtype"]], work["shape"]
    op, backward = work["op"].removesuffix("+backward"), work["op"].endswith("+backward")
    if op == "linear":
        x, w = randn(shape["M"], shape["K"], dtype=dtype), randn(shape["N"], shape["K"], dtype=dtype)

        def call():
            with torch.no_grad():
                F.linear(x, w)
    elif op == "logprob":
        h, w = randn(shape["M"], shape["K"], dtype=dtype, grad=backward), randn(shape["N"], shape["K"], dtype=dtype) / shape["K"] ** 0.5
        labels = torch.randint(shape["N"], (shape["M"],), device=device)

        def call():
            with torch.set_grad_enabled(backward):
                loss = F.cross_entropy(F.linear(h, w).float(), labels)
                if backward:
                    torch.autograd.grad(loss, h)
    else:
        heads, kv, dim = shape["heads"], shape["kvHeads"], shape["dim"]
        lengths = [b["prompt"] + n for b in work["batch"] for n in b["answers"]]
        size = (len(lengths), max(lengths))
        q = randn(size[0], heads, size[1], dim, dtype=dtype, grad=backward)
        k, v = (randn(size[0], kv, size[1], dim, dtype=dtype, grad=backward) for _ in range(2))
        do = torch.ones_like(q)

        def call():
            with torch.set_grad_enabled(backward):
                o = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=heads != kv)
                if backward:
                    torch.autograd.grad(o, (q, k, v), do)
    return call


key = call = None
for line in sys.stdin:
    work = json.loads(line)
    if line != key:
        call = None
        key, call = line, prepare(work)
        call()
        sync()
        if device == "cuda":
            torch.cuda.reset_peak_memory_stats()
    start = time.perf_counter()
    for _ in range(work["calls"]):
        call()
    sync()
    seconds = (time.perf_counter() - start) / work["calls"]
    peak = torch.cuda.max_memory_allocated() / 2**20 if device == "cuda" else None
    print(json.dumps(dict(seconds=seconds, peak_mb=peak, torch=torch.__version__)), flush=True)
