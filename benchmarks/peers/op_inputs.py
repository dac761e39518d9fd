"""Inputs of the op peers, and how a call is differentiated."""
import os
import sys

import torch

device = sys.argv[1].split(":")[0]
if device == "cpu":
    torch.set_num_threads(len(os.sched_getaffinity(0)))
torch.manual_seed(0)
DTYPES = dict(bf16=torch.bfloat16, float32=torch.float32)


def randn(*shape, dtype):
    return torch.randn(*shape, device=device).to(dtype)


def ids(count, limit):
    return torch.randint(limit, (count,), device=device)


def differentiated(forward, inputs, backward):
    """A call of `forward`; with `backward` the gradients of `inputs` for an upstream gradient made once."""
    if not backward:
        def call():
            with torch.no_grad():
                return forward()
        return call
    for x in inputs:
        x.requires_grad_(True)
    dy = []

    def call():
        y = forward()
        if not dy:
            dy.append(torch.full_like(y, 1 / y.shape[0]))
        return (y, *torch.autograd.grad(y, inputs, dy[0]))
    return call
