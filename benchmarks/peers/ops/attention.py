"""scaled_dot_product_attention with grouped heads: the padded batch with the causal mask, and one row a sequence."""
import torch.nn.functional as F

from op_inputs import differentiated, randn


def tree_attention(work, dtype, backward):
    shape = work["shape"]
    heads, kv, dim = shape["heads"], shape["kvHeads"], shape["dim"]
    lengths = [b["prompt"] + n for b in work["batch"] for n in b["answers"]]
    size = (len(lengths), max(lengths))
    q = randn(size[0], heads, size[1], dim, dtype=dtype)
    k, v = (randn(size[0], kv, size[1], dim, dtype=dtype) for _ in range(2))

    def forward():
        if work.get("grouped", True):
            return F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=heads != kv)
        every = [x.repeat_interleave(heads // kv, 1) for x in (k, v)]
        return F.scaled_dot_product_attention(q, *every, is_causal=True)
    return differentiated(forward, (q, k, v), backward)


def tree_attention_pool(work, dtype, backward):
    shape = work["shape"]
    heads, kv, dim = shape["heads"], shape["kvHeads"], shape["dim"]
    q = randn(shape["sequences"], heads, 1, dim, dtype=dtype)
    k, v = (randn(shape["sequences"], kv, shape["keys"], dim, dtype=dtype) for _ in range(2))
    return differentiated(
        lambda: F.scaled_dot_product_attention(q, k, v, enable_gqa=heads != kv), (), False)


OPS = {"treeAttention": tree_attention, "treeAttentionPool": tree_attention_pool}
