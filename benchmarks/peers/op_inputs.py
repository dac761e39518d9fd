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


def turns(shape, dtype):
    """Cosines and sines of unit rotations."""
    return [torch.full((shape["M"], 1, shape["dim"]), value, device=device, dtype=dtype) for value in (0.6, 0.8)]


def rotated(x, cos, sin):
    """As transformers does it, half-split; PyTorch has no op of its own."""
    left, right = x.chunk(2, -1)
    return x * cos + torch.cat((-right, left), -1) * sin
