#!/usr/bin/env python3
"""Compares logits that run_native dumped with those of the PyTorch implementation, or two dumps with each other.

usage: native_compare.py near DUMP EXPECTED TOLERANCE [PREFIX]   every tensor of EXPECTED is in DUMP; tokens are the same
                                                        (PREFIX: of DUMP's names, "r1." for the second request)
       native_compare.py same DUMP DUMP                 bit for bit
"""
import json
import struct
import sys

import numpy as np

DTYPES = {"F32": np.float32, "I64": np.int64}


def load(path):
    with open(path, "rb") as f:
        data = f.read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = (8 + length + o for o in entry["data_offsets"])
            tensors[name] = np.frombuffer(data[begin:end], DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors


def near(dump, expected, tolerance, prefix=""):
    worst = 0.0
    for name, want in sorted(load(expected).items()):
        have = dump.get(prefix + name)
        if have is None:
            return f"{name} is missing"
        if name.endswith(".tokens"):
            # A run dumps one token more than it feeds.
            if not np.array_equal(have[:, : want.shape[1]], want):
                return f"{name}: {have.tolist()}, expected {want.tolist()}"
            continue
        if have.shape != want.shape:
            return f"{name}: shape {have.shape}, expected {want.shape}"
        error = float(np.abs(have - want).max())
        worst = max(worst, error)
        if not error <= tolerance:
            return f"{name}: off by {error:.3g}, more than {tolerance:g}"
        # Vision features are small numbers: an error must be small beside them too.
        scale = float(np.abs(want).max())
        if not error <= 1e3 * tolerance * scale:
            return f"{name}: off by {error:.3g} where the largest value is {scale:.3g}"
    print(f"largest error {worst:.3g}")
    return None


def same(one, other):
    if sorted(one) != sorted(other):
        return "different tensors"
    for name in one:
        if one[name].tobytes() != other[name].tobytes():
            return f"{name} differs"
    return None


def main():
    if sys.argv[1] == "near":
        wrong = near(load(sys.argv[2]), sys.argv[3], float(sys.argv[4]), *sys.argv[5:])
    else:
        wrong = same(load(sys.argv[2]), load(sys.argv[3]))
    if wrong:
        sys.exit(wrong)


main()
