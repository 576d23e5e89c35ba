"""Tokens of fused experts: which experts each token was sent to, counted without making anything wait."""
import sys

from . import emit
from .state import here

KEPT_MAX = 8192  # tensors of indices on the device; more are copied before their request is over
_sent = []  # copies under way: (event, buffer on the host, [(visit, offset, count)])


def indices(values):
    """The tensor of chosen experts among the values: two dimensions, integers."""
    torch = sys.modules["torch"]
    for v in values:
        if isinstance(v, torch.Tensor) and v.dim() == 2 and not v.is_floating_point() and v.dtype is not torch.bool:
            return v
    return None


def count(visit, chosen):
    """Counts the tokens of a visit to fused experts: at once where the host has them; else they are kept for later."""
    torch = sys.modules["torch"]
    if type(chosen) is not torch.Tensor or chosen.dtype not in (torch.int64, torch.int32):
        return
    if chosen.device.type == "cpu":
        chosen = chosen.contiguous()
        emit.tokens(chosen.data_ptr(), chosen.numel(), chosen.element_size())
    elif chosen.device.type == "cuda" and not torch.cuda.is_current_stream_capturing():
        if here.kept is None:
            here.kept = []
        here.kept.append((visit, chosen))
        if len(here.kept) >= KEPT_MAX:
            send()


def send():
    """Copies what was kept to the host, by one copy for each device and type, and waits for nothing. The observer's own work has a
    range of its own."""
    kept, here.kept = here.kept, None
    if not kept:
        return
    torch = sys.modules["torch"]
    emit.push(emit.name("moetrace"))
    try:
        groups = {}
        for visit, chosen in kept:
            groups.setdefault((chosen.device, chosen.dtype), []).append((visit, chosen))
        for (device, dtype), group in groups.items():
            with torch.cuda.device(device), torch.no_grad():
                flat = torch.cat([c.detach().reshape(-1) for _, c in group])
                host = torch.empty(flat.shape, dtype=dtype, pin_memory=True)
                host.copy_(flat, non_blocking=True)
                event = torch.cuda.Event()
                event.record()
            places, at = [], 0
            for visit, chosen in group:
                places.append((visit, at, chosen.numel()))
                at += chosen.numel()
            _sent.append((event, host, places))
    finally:
        emit.pop()


def receive():
    """Hands over the copies that have arrived, in the order in which they were sent."""
    while _sent and _sent[0][0].query():
        _, host, places = _sent.pop(0)
        width, address = host.element_size(), host.data_ptr()
        for visit, at, n in places:
            emit.tokens_later(visit, address + at * width, n, width)
