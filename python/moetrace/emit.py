"""How ranges get out: functions of the recorder, or, where it is not in the process, those of torch.cuda.nvtx."""
import sys

native = sys.modules[__package__].native
recorder = native is not None
_ids = {}


def _without_recorder():
    """The same functions by NVTX, for other tools that listen to it; payloads and late tokens are left out."""
    try:
        from torch._C import _nvtx
        push_name, pop_range = _nvtx.rangePushA, _nvtx.rangePop
    except ImportError:  # a PyTorch without CUDA
        push_name = pop_range = lambda *_: None
    import threading
    names, here = [], threading.local()

    def push(name, payload=None):
        here.depth = depth() + 1
        push_name(names[name])

    def pop():
        if depth():
            here.depth -= 1
            pop_range()

    def depth():
        return getattr(here, "depth", 0)

    def restore(to):
        while depth() > to:
            pop()

    def name(text):
        names.append(text)
        return len(names) - 1

    def visit(name):
        push(name)
        return 0

    def warn(text):
        sys.stderr.write(f"moetrace: {text}\n")

    return {"name": name, "push": push, "push_request": push, "pop": pop, "visit": visit, "depth": depth, "restore": restore, "warn": warn,
            "tokens": lambda *_: None, "tokens_later": lambda *_: None, "mark": lambda _: None, "forked": lambda: restore(0),
            "profiling": lambda: True, "in_request": lambda: False, "annotate": "expert", "level": "kernels"}


if native is None:
    native = _without_recorder()
push, pop, push_request, visit = native["push"], native["pop"], native["push_request"], native["visit"]
depth, restore, tokens, tokens_later = native["depth"], native["restore"], native["tokens"], native["tokens_later"]
mark, warn, profiling, in_request, forked = native["mark"], native["warn"], native["profiling"], native["in_request"], native["forked"]


def name(text):
    """The id of a range's name."""
    i = _ids.get(text)
    if i is None:
        i = _ids[text] = native["name"](text)
    return i
