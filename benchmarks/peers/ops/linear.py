"""The matrix product with a frozen weight, and several of one input."""
import torch.nn.functional as F

from op_inputs import differentiated, randn


def linear(work, dtype, backward):
    shape = work["shape"]
    x, w = randn(shape["M"], shape["K"], dtype=dtype), randn(shape["N"], shape["K"], dtype=dtype)
    return differentiated(lambda: F.linear(x, w), (x,), backward)


def linear_group(work, dtype, backward):
    """Queries, keys and values one by one, as transformers has them."""
    shape = work["shape"]
    x = randn(shape["M"], shape["K"], dtype=dtype)
    ws = [randn(n, shape["K"], dtype=dtype) for n in shape["widths"]]
    return differentiated(lambda: [F.linear(x, w) for w in ws], (x,), backward)


OPS = {"linear": linear, "linearGroup": linear_group}
