"""Time and the peak of memory of what runs, on a CPU of the process, on a GPU of the device."""
import gc
import time

import torch


class Measured:
    def __init__(self, device):
        self.cuda = device == "cuda"

    def now(self):
        if self.cuda:
            torch.cuda.synchronize()
        return time.perf_counter()

    def reset_peak(self):
        gc.collect()
        if self.cuda:
            torch.cuda.reset_peak_memory_stats()
        else:
            with open("/proc/self/clear_refs", "w") as refs:
                refs.write("5")

    def peak_mb(self):
        if self.cuda:
            return torch.cuda.max_memory_allocated() / 2**20
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
