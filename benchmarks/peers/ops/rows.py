"""Ops on rows."""
import torch
import torch.nn.functional as F

from op_inputs import device, differentiated, ids, randn, rotated, turns


def embedding(work, dtype, backward):
    shape = work["shape"]
    table = randn(shape["V"], shape["K"], dtype=dtype)
    rows = ids(shape["M"], shape["V"])
    return differentiated(lambda: F.embedding(rows, table), (table,), backward)


def rms_norm(work, dtype, backward):
    shape = work["shape"]
    x, weight = randn(shape["M"], shape["N"], dtype=dtype), randn(shape["N"], dtype=dtype)
    return differentiated(lambda: F.rms_norm(x, (shape["N"],), weight, 1e-5), (x,), backward)


def rope(work, dtype, backward):
    shape = work["shape"]
    x = randn(shape["M"], shape["heads"], shape["dim"], dtype=dtype)
    cos, sin = turns(shape, dtype)
    return lambda: rotated(x, cos, sin)


def gather_rows(work, dtype, backward):
    shape = work["shape"]
    x, rows = randn(shape["M"], shape["N"], dtype=dtype), ids(shape["R"], shape["M"])
    return lambda: x.index_select(0, rows)


def scatter_rows(work, dtype, backward):
    shape = work["shape"]
    x, rows = randn(shape["R"], shape["N"], dtype=dtype), ids(shape["R"], shape["M"])
    return lambda: torch.zeros(shape["M"], shape["N"], device=device, dtype=dtype).index_add_(0, rows, x)


OPS = {
    "embedding": embedding,
    "rmsNorm": rms_norm,
    "rope": rope,
    "gatherRows": gather_rows,
    "scatterRows": scatter_rows,
}
