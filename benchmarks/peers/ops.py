"""Single ops in PyTorch, served line by line: the same work as benchmarks/ops/ours.mjs.

usage: python ops.py cpu|cuda < work.json lines
Every op in PyTorch's fastest form; ops/*.py hold them by the name of our wrapper: OPS[name](work, dtype, backward) makes
the inputs and returns one call. Answers {"seconds"} of one call, and {"extra_mb"}, the most that it had over its inputs and
what it computes.
"""
import ctypes
import importlib.util
import json
import pathlib
import sys
import time

import torch

from op_inputs import DTYPES, device

OPS = {}
for path in sorted((pathlib.Path(__file__).resolve().parent / "ops").glob("*.py")):
    spec = importlib.util.spec_from_file_location(f"op_peers.{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    OPS |= module.OPS


def sync():
    if device == "cuda":
        torch.cuda.synchronize()


def prepare(work):
    name, _, backward = work["op"].partition("+")
    return OPS[name](work, DTYPES[work["dtype"]], backward == "backward")


def status(key):
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))


def extra_mb(call):
    """On the CPU what the process grows by, with what the C library keeps given back first."""
    if device == "cuda":
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
    else:
        ctypes.CDLL(None).malloc_trim(0)
        before = status("VmRSS")
        with open("/proc/self/clear_refs", "w") as refs:
            refs.write("5")
    computed = call()
    sync()
    peak = torch.cuda.max_memory_allocated() if device == "cuda" else status("VmHWM")
    tensors = [computed] if torch.is_tensor(computed) else computed or ()
    return max(0, peak - before - sum(t.nbytes for t in tensors if torch.is_tensor(t))) / 2**20


key = call = None
for line in sys.stdin:
    work = json.loads(line)
    if line != key:
        call = None
        key, call = line, prepare(work)
        call()
        sync()
        extra = extra_mb(call)
        if device == "cuda":
            torch.cuda.reset_peak_memory_stats()
    start = time.perf_counter()
    for _ in range(work["calls"]):
        call()
    sync()
    seconds = (time.perf_counter() - start) / work["calls"]
    peak = torch.cuda.max_memory_allocated() / 2**20 if device == "cuda" else None
    print(json.dumps(dict(seconds=seconds, peak_mb=peak, extra_mb=extra, torch=torch.__version__)), flush=True)
