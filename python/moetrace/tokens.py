"""Tokens of fused experts: which experts each token was sent to, counted without making anything wait."""
import sys
import time

from . import emit
from .state import here

KEPT_MAX = 8192  # tensors of indices on the device; more are copied before their request is over
at_once = {"cpu"}  # devices whose memory is read at once


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
    device = chosen.device.type
    if type(chosen) is not torch.Tensor or chosen.dtype not in (torch.int64, torch.int32) or device not in ("cpu", "cuda"):
        return
    if device in at_once:
        chosen = chosen.contiguous()
        emit.tokens(chosen.data_ptr(), chosen.numel(), chosen.element_size())
    elif device == "cpu" or not torch.cuda.is_current_stream_capturing():
        if here.kept is None:
            here.kept = []
        here.kept.append((visit, chosen))
        if len(here.kept) >= KEPT_MAX:
            send()


def _copy(torch, device, chosen):
    """The indices on the host, perhaps still under way, and the event that says when they are there."""
    flat = torch.cat([c.detach().reshape(-1) for c in chosen])
    if device.type == "cpu":
        return flat, None
    with torch.cuda.device(device):
        host = torch.empty(flat.shape, dtype=flat.dtype, pin_memory=True)
        host.copy_(flat, non_blocking=True)
        event = torch.cuda.Event()
        event.record()
    return host, event


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
        with torch.inference_mode():
            for (device, _), group in groups.items():
                host, event = _copy(torch, device, [c for _, c in group])
                if here.sent is None:
                    here.sent = []
                here.sent.append((host, event, [(visit, c.numel()) for visit, c in group]))
    finally:
        emit.pop()


def receive():
    """Hands over the copies that have arrived, in the order in which they were sent."""
    while here.sent and (here.sent[0][1] is None or here.sent[0][1].query()):
        host, _, visits = here.sent.pop(0)
        width, address = host.element_size(), host.data_ptr()
        for visit, n in visits:
            emit.tokens_later(visit, address, n, width)
            address += n * width


def finish():
    """The program is over: what is still under way arrives within a moment, or is missing."""
    deadline = time.monotonic() + 1
    receive()
    while here.sent and time.monotonic() < deadline:
        time.sleep(0.001)
        receive()
