#!/usr/bin/env python3
"""Turns the safetensors file of a checkpoint into a pytorch_model.bin without PyTorch, with what a test wants to be odd about it.

usage: native_torch_file.py MODEL.safetensors OUT.bin [PROGRAM]

The Python program runs before the file is written. It may change
    tensors   name -> T(dtype, storage, offset, size, stride)
    storages  key -> bytes
    state     what is pickled (the dict of tensors)
    members   name -> bytes, further members of the archive
    zip       options of the archive: "compression", "force_zip64"
and set `pickle` or `file` to the bytes of data.pkl or of the whole file.
"""
import collections
import io
import json
import pickle
import struct
import sys
import types
import zipfile

NAMES = {"F32": "FloatStorage", "F16": "HalfStorage", "BF16": "BFloat16Storage", "I64": "LongStorage"}
BYTES = {"F32": 4, "F16": 2, "BF16": 2, "I64": 8}


def module(name, **members):
    made = types.ModuleType(name)
    sys.modules[name] = made
    for key, value in members.items():
        value.__module__, value.__qualname__, value.__name__ = name, key, key
        setattr(made, key, value)
    return made


def _rebuild_tensor_v2():
    pass


def _rebuild_parameter():
    pass


torch = module("torch", **{name: type(name, (), {}) for name in NAMES.values()})
utils = module("torch._utils", _rebuild_tensor_v2=_rebuild_tensor_v2, _rebuild_parameter=_rebuild_parameter)


class Storage:
    def __init__(self, dtype, key, elements):
        self.id = ("storage", getattr(torch, NAMES[dtype]), key, "cpu", elements)


class T:
    def __init__(self, dtype, storage, offset, size, stride=None, parameter=False):
        step, contiguous = 1, []
        for n in reversed(size):
            contiguous.insert(0, step)
            step *= n
        self.dtype, self.storage, self.offset, self.size, self.parameter = dtype, storage, offset, tuple(size), parameter
        self.stride = tuple(contiguous if stride is None else stride)
        self.elements = None  # of the storage: as many as it has bytes for

    def __reduce__(self):
        elements = len(storages[self.storage]) // BYTES[self.dtype] if self.elements is None else self.elements
        storage = Storage(self.dtype, self.storage, elements)
        tensor = (storage, self.offset, self.size, self.stride, False, collections.OrderedDict())
        if self.parameter:
            return utils._rebuild_parameter, (T(self.dtype, self.storage, self.offset, self.size, self.stride), True,
                                              collections.OrderedDict())
        return utils._rebuild_tensor_v2, tensor


class Pickler(pickle.Pickler):
    def persistent_id(self, value):
        return value.id if isinstance(value, Storage) else None


def dump(value, protocol=2):
    out = io.BytesIO()
    Pickler(out, protocol).dump(value)
    return out.getvalue()


raw = open(sys.argv[1], "rb").read()
(length,) = struct.unpack("<Q", raw[:8])
tensors, storages = collections.OrderedDict(), {}
for name, entry in json.loads(raw[8 : 8 + length]).items():
    if name != "__metadata__":
        begin, end = (8 + length + o for o in entry["data_offsets"])
        storages[str(len(storages))] = raw[begin:end]
        tensors[name] = T(entry["dtype"], str(len(storages) - 1), 0, entry["shape"])
names = dict(T=T, tensors=tensors, storages=storages, state=tensors, members={}, zip={}, dump=dump, pickle=None, file=None,
             struct=struct, OrderedDict=collections.OrderedDict, byteorder=b"little")
exec(sys.argv[3] if len(sys.argv) > 3 else "", names)

out = io.BytesIO()
with zipfile.ZipFile(out, "w", names["zip"].get("compression", zipfile.ZIP_STORED)) as archive:
    members = {"data.pkl": names["pickle"] or dump(names["state"]), "byteorder": names["byteorder"]}
    members.update({f"data/{key}": value for key, value in storages.items()}, version=b"3\n", **names["members"])
    for name, value in members.items():
        if value is not None:
            with archive.open("model/" + name, "w", force_zip64=names["zip"].get("force_zip64", False)) as member:
                member.write(value)
data = out.getvalue()
if names["file"] is not None:
    data = names["file"](data)
open(sys.argv[2], "wb").write(data)
