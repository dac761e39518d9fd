"""AdamW in its fused form, and the norm of the gradient."""
import torch

from op_inputs import randn


def adamw(work, dtype, backward):
    param = torch.nn.Parameter(randn(work["shape"]["N"], dtype=torch.float32))
    param.grad = randn(work["shape"]["N"], dtype=torch.float32)
    return torch.optim.AdamW([param], lr=1e-5, weight_decay=0.01, fused=True).step


def global_norm(work, dtype, backward):
    x = randn(work["shape"]["N"], dtype=torch.float32)
    return lambda: torch.linalg.vector_norm(x)


OPS = {"adamw": adamw, "globalNorm": global_norm}
