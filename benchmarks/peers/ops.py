"""Single ops in PyTorch, served line by line: the same work as benchmarks/ops/ours.mjs.

usage: python ops.py cpu|cuda < work.json lines
Every op in PyTorch's fastest form; ops/*.py hold them by the name of our wrapper: OPS[name](work, dtype, backward) makes
the inputs and returns one call. Answers {"seconds"} of one call.
"""
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


key = call = None
for line in sys.stdin:
    work = json.loads(line)
    if line != key:
        call = None
        key, call = line, prepare(work)
        call()
        sync()
        if device == "cuda":
            torch.cuda.reset_peak_memory_stats()
    start = time.perf_counter()
    for _ in range(work["calls"]):
        call()
    sync()
    seconds = (time.perf_counter() - start) / work["calls"]
    peak = torch.cuda.max_memory_allocated() / 2**20 if device == "cuda" else None
    print(json.dumps(dict(seconds=seconds, peak_mb=peak, torch=torch.__version__)), flush=True)
