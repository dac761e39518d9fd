"""Elementwise ops."""
import torch
import torch.nn.functional as F

from op_inputs import differentiated, randn


def pair(work, dtype):
    shape = work["shape"]
    return randn(shape["M"], shape["N"], dtype=dtype), randn(shape["M"], shape["N"], dtype=dtype)


def add(work, dtype, backward):
    a, b = pair(work, dtype)
    return lambda: a + b


def scale(work, dtype, backward):
    x, _ = pair(work, dtype)
    return lambda: x * 0.22


def add_in_place(work, dtype, backward):
    a, b = pair(work, dtype)
    b *= 1e-3
    return lambda: a.add_(b)


def fill(work, dtype, backward):
    x, _ = pair(work, dtype)
    return lambda: x.fill_(0.5)


def copy(work, dtype, backward):
    x, y = pair(work, dtype)
    return lambda: y.copy_(x)


def cast_f32(work, dtype, backward):
    x, _ = pair(work, torch.bfloat16)
    return lambda: x.to(torch.float32)


def cast_bf16(work, dtype, backward):
    x, _ = pair(work, torch.float32)
    return lambda: x.to(torch.bfloat16)


def swiglu(work, dtype, backward):
    gate, up = pair(work, dtype)
    return differentiated(lambda: F.silu(gate) * up, (gate, up), backward)


OPS = {
    "add": add,
    "scale": scale,
    "addInPlace": add_in_place,
    "fill": fill,
    "copy": copy,
    "castF32": cast_f32,
    "castBf16": cast_bf16,
    "swiglu": swiglu,
}
