"""Log-probabilities by cross_entropy on the logits, and sampling with top-p by sort, cumsum and multinomial."""
import torch
import torch.nn.functional as F

from op_inputs import differentiated, ids, randn


def inputs(work, dtype):
    shape = work["shape"]
    return randn(shape["M"], shape["K"], dtype=dtype), randn(shape["N"], shape["K"], dtype=dtype) / shape["K"] ** 0.5


def linear_logprob(work, dtype, backward):
    h, w = inputs(work, dtype)
    labels = ids(work["shape"]["M"], work["shape"]["N"])

    def forward():
        logits = F.linear(h, w)
        if work.get("logits", "float32") == "float32":
            logits = logits.float()
        return -F.cross_entropy(logits, labels, reduction="none")
    return differentiated(forward, (h,), backward)


def linear_sample(work, dtype, backward):
    h, w = inputs(work, dtype)

    def forward():
        logp = F.linear(h, w).float().log_softmax(-1)
        p, order = logp.exp().sort(-1, descending=True)
        kept = p.masked_fill(p.cumsum(-1) - p >= 0.9, 0)
        rank = kept.multinomial(1)
        token = order.gather(-1, rank)
        return token, logp.gather(-1, token), (kept.gather(-1, rank) / kept.sum(-1, keepdim=True)).log()
    return differentiated(forward, (), False)


OPS = {"linearLogprob": linear_logprob, "linearSample": linear_sample}
