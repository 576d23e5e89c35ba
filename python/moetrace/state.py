"""What the helper remembers: plans of modules, the state of each thread, and whether it is still on."""
import os
import sys
import threading
import weakref

from . import emit

PHASE, LAYER, EXPERT_DEPTH = 1, 2, 3
DEPTHS = {"off": 0, "phase": PHASE, "layer": LAYER, "expert": EXPERT_DEPTH}
_wanted = emit.native["annotate"]
_phases_only = emit.native["level"] == "phases"
if _wanted == "auto":
    _wanted = "phase" if _phases_only else "expert"
MAX_DEPTH = DEPTHS[_wanted]

# What is done around a call of a module.
RANGE, EXPERT, FUSED, MOE, VISION, FIRST_LAYER, ROOT, ROUTER = range(8)


class Plan:
    __slots__ = ("kind", "handle", "depth", "model", "layer", "router", "where")

    def __init__(self, kind, handle, depth, model, layer=None):
        self.kind, self.handle, self.depth, self.model, self.layer = kind, handle, depth, model, layer
        self.router = self.where = None


plans = {}  # id of a module -> Plan, or None: of no interest
_references = {}


def know(module, plan):
    """Remembers the plan as long as the module lives. Nothing is stored on the module."""
    i = id(module)
    plans[i] = plan

    def gone(_, i=i, forget=plans.pop, drop=_references.pop):
        forget(i, None)
        drop(i, None)

    _references[i] = weakref.ref(module, gone)


class Thread(threading.local):
    """depth: how deep ranges go now. need_k: k of this request was not observed so far. routed: tokens that experts got."""
    depth = 0
    need_k = False
    routed = 0
    request = None  # that is open
    manual = None  # a request that the program itself delimits
    generating = False  # it is one of generate()
    root = None  # the outermost call of a model that is under way
    kept = None  # tokens of fused experts on a device
    sent = None  # and on their way from there


here = Thread()
off_callbacks = []
alive = True


forced = None  # for measurements: the depth of every request


def depth_now():
    """Deeper ranges than those of phases are opened in profiled requests only: their time is no latency."""
    if forced is not None:
        return forced
    return MAX_DEPTH if MAX_DEPTH <= PHASE or _phases_only or emit.profiling() else PHASE


def fail(error):
    """Something in the helper went wrong: from here on it does nothing."""
    global alive
    if not alive:
        return
    alive = False
    try:
        t = error.__traceback__
        while t is not None and t.tb_next is not None:
            t = t.tb_next
        where = f" (line {t.tb_lineno} of {os.path.basename(t.tb_frame.f_code.co_filename)})" if t is not None else ""
        emit.warn(f"the Python helper stopped: {type(error).__name__}: {error}{where}; modules get no ranges from here on")
    except Exception:
        sys.stderr.write("moetrace: the Python helper stopped\n")
    plans.clear()
    for undo in off_callbacks:
        try:
            undo()
        except Exception:
            pass
    here.request, here.depth, here.need_k, here.kept, here.sent = None, 0, False, None, None
    emit.restore(0)


def _after_fork():
    emit.forked()
    here.__dict__.clear()


os.register_at_fork(after_in_child=_after_fork)
