"""Keys and values written to and copied inside a pool, indexed in place."""
import torch

from op_inputs import device, randn


def kv_write(work, dtype, backward):
    shape = work["shape"]
    pools = [randn(shape["blocks"] * 64, shape["kvHeads"], shape["dim"], dtype=dtype) for _ in range(2)]
    rows = [randn(shape["M"], shape["kvHeads"], shape["dim"], dtype=dtype) for _ in range(2)]
    slots = torch.arange(shape["M"], device=device)

    def call():
        for pool, new in zip(pools, rows):
            pool.index_copy_(0, slots, new)
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
