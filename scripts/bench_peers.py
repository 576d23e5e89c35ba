"""Nanoseconds that a Python profiler adds to one launch of an empty kernel: blocks of batches without and with it,
in turn, in one process.
    bench_peers.py LIBBENCH_LAUNCH torch|proton runtime|driver [BLOCKS]
Prints the median without, the median with it, and the median and extremes of the blocks' differences."""

import ctypes
import os
import statistics
import sys
import tempfile

BATCHES = 12  # of 400 launches each, in a block


def torch_profiler():
    from torch.profiler import ProfilerActivity, profile

    return lambda: profile(activities=[ProfilerActivity.CUDA])


def proton():
    import contextlib

    import triton.profiler as profiler

    @contextlib.contextmanager
    def session():
        with tempfile.TemporaryDirectory() as folder:
            profiler.start(os.path.join(folder, "p"))
            try:
                yield
            finally:
                profiler.finalize()

    return session


def main():
    library, peer, door = sys.argv[1:4]
    blocks = int(sys.argv[4]) if len(sys.argv) > 4 else 9
    import torch

    torch.cuda.init()
    torch.empty(1, device="cuda")
    bench = ctypes.CDLL(os.path.abspath(library), mode=ctypes.RTLD_GLOBAL)
    bench.bench_launch_batch.restype = ctypes.c_double
    bench.bench_launch_open(int(door == "runtime"))
    session = {"torch": torch_profiler, "proton": proton}[peer]()

    def block():
        bench.bench_launch_batch()
        return statistics.median(bench.bench_launch_batch() for _ in range(BATCHES))

    block()
    off, on = [], []
    for _ in range(blocks):
        off.append(block())
        with session():
            on.append(block())
            torch.cuda.synchronize()
    added = [b - a for a, b in zip(off, on)]
    print(f"{statistics.median(off):.1f} {statistics.median(on):.1f} {statistics.median(added):.1f} "
          f"{min(added):.1f} {max(added):.1f}")


if __name__ == "__main__":
    main()
