"""Keys and values written to and copied inside a pool, indexed in place."""
import torch

from op_inputs import device, randn, rotated, turns


def kv_write(work, dtype, backward):
    """Queries and keys are rotated as transformers does it."""
    shape = work["shape"]
    pools = [randn(shape["blocks"] * 64, shape["kvHeads"], shape["dim"], dtype=dtype) for _ in range(2)]
    k, v = (randn(shape["M"], shape["kvHeads"], shape["dim"], dtype=dtype) for _ in range(2))
    q = randn(shape["M"], shape["heads"], shape["dim"], dtype=dtype)
    slots = torch.arange(shape["M"], device=device)
    cos, sin = turns(shape, dtype)

    def call():
        pools[0].index_copy_(0, slots, rotated(k, cos, sin))
        pools[1].index_copy_(0, slots, v)
        return rotated(q, cos, sin)
    return call


def kv_copy(work, dtype, backward):
    shape = work["shape"]
    pools = [randn(shape["blocks"], 64, shape["kvHeads"], shape["dim"], dtype=dtype) for _ in range(2)]
    source = torch.arange(shape["moves"], device=device)
    target = source + shape["moves"]

    def call():
        for pool in pools:
            pool.index_copy_(0, target, pool.index_select(0, source))
    return call


OPS = {"kvWrite": kv_write, "kvCopy": kv_copy}
