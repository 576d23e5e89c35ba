"""Around each call of a module of interest: a __call__ on its class. The call itself is made as it would have been."""
import itertools
import sys

from . import emit, phases, state, tokens
from .state import EXPERT, EXPERT_DEPTH, FIRST_LAYER, FUSED, LAYER, MOE, RANGE, ROOT, ROUTER, VISION, fail, here, plans

_patched = {}  # class -> its own __call__, or None
is_compiling = [lambda: False]  # torch.compiler's, once that is there
module_class = [None]  # torch.nn.Module
push, pop = emit.push, emit.pop


def _token_count(args, kwargs):
    for v in itertools.chain(args, kwargs.values()):
        shape = getattr(v, "shape", ())
        if len(shape) > 1:
            n = 1
            for d in shape[:-1]:
                n *= d
            return n
    return 0


def _emit_counts(counts):
    for expert, n in enumerate(counts):
        if n:
            push(emit.name(f"expert.{expert}"), n)
            pop()


def _rows(args, kwargs):
    shape = getattr(args[0], "shape", ()) if args else ()
    return shape[0] if len(shape) == 2 else _token_count(args, kwargs)


def _look_for_indices(plan, args, kwargs):
    """Where a fused block gets the chosen experts: its router need not be looked at then."""
    for place, v in itertools.chain(enumerate(args), kwargs.items()):
        if tokens.indices((v,)) is not None:
            if plan.router is not None:
                plan.router.kind = RANGE
            return place
    return False


def _enter_fused(module, plan, args, kwargs):
    if plan.where is None:
        plan.where = _look_for_indices(plan, args, kwargs)
    place = plan.where
    chosen = None
    if place is not False:
        chosen = args[place] if place.__class__ is int else kwargs.get(place)
    if chosen is not None and here.need_k:
        phases.saw_k(chosen.shape[-1])
    if here.depth < LAYER:
        return False
    number = emit.visit(plan.handle)
    if chosen is not None and here.depth >= EXPERT_DEPTH:
        tokens.count(number, chosen)
    return True


def _after_router(module, plan, args, kwargs, out):
    """Routers whose block has no indices among its arguments: k, and the tokens of each expert where they are numbers here."""
    if not isinstance(out, tuple):
        return
    chosen = tokens.indices(out)
    if chosen is not None:
        phases.saw_k(chosen.shape[-1])
        return
    t, experts = _token_count(args, kwargs), plan.model.experts
    counts = next((o for o in out if isinstance(o, (list, tuple)) and len(o) == experts and all(isinstance(c, int) for c in o)), None)
    scores = out[0] if len(out) else None
    if counts is None and isinstance(getattr(module, "top_k", None), int) and tuple(getattr(scores, "shape", ())) == (t, experts) and \
            scores.device.type == "cpu":
        counts = (scores > 0).sum(0).tolist()
    if counts and t:
        phases.saw_k(sum(counts) // t)
        if here.depth >= EXPERT_DEPTH:
            _emit_counts(counts)


# ---- what is done around a call, by kind: enter gives what leave gets; leave is called after an exception, too, without `out` ----

def _enter_range(module, plan, args, kwargs):
    if here.depth < LAYER:
        return False
    push(plan.handle)
    return True


def _leave_range(opened, module, plan, args, kwargs, out):
    if opened:
        pop()


def _enter_expert(module, plan, args, kwargs):
    n = _rows(args, kwargs)
    here.routed += n
    if here.depth < EXPERT_DEPTH:
        return False
    push(plan.handle, n)
    return True


def _leave_router(opened, module, plan, args, kwargs, out):
    if out is not None:
        _after_router(module, plan, args, kwargs, out)
    if opened:
        pop()


def _enter_block(module, plan, args, kwargs):
    return _enter_range(module, plan, args, kwargs), here.routed


def _leave_block(entered, module, plan, args, kwargs, out):
    opened, before = entered
    routed, t = here.routed - before, _token_count(args, kwargs)
    if routed > 0 and t and routed % t == 0:
        phases.saw_k(routed // t)
    if opened:
        pop()


def _enter_vision(module, plan, args, kwargs):
    return phases.begin_vision()


def _enter_first_layer(module, plan, args, kwargs):
    phases.begin_layers()
    return _enter_range(module, plan, args, kwargs)


def _enter_root(module, plan, args, kwargs):
    return None if here.root is not None else (phases.begin_forward(module, plan.model, args, kwargs),)


def _leave_root(entered, module, plan, args, kwargs, out):
    if entered is not None:
        phases.end_forward(entered[0])


_around = {EXPERT: (_enter_expert, _leave_range), FUSED: (_enter_fused, _leave_range), MOE: (_enter_block, _leave_block),
           ROUTER: (_enter_range, _leave_router), VISION: (_enter_vision, _leave_range), FIRST_LAYER: (_enter_first_layer, _leave_range),
           ROOT: (_enter_root, _leave_root)}
_always = frozenset((VISION, FIRST_LAYER, ROOT))


def _make_call(original):
    get, around, always, layer = plans.get, _around, _always, LAYER

    def __call__(self, *args, **kwargs):
        if is_compiling[0]():
            return original(self, *args, **kwargs)
        plan = get(id(self))
        if plan is None:
            return original(self, *args, **kwargs)
        kind = plan.kind
        if kind == 0:
            if here.depth < layer:
                return original(self, *args, **kwargs)
            push(plan.handle)
            try:
                return original(self, *args, **kwargs)
            finally:
                pop()
        if here.depth < layer and not here.need_k and kind not in always:
            return original(self, *args, **kwargs)
        try:
            enter, leave = around[kind]
            entered = enter(self, plan, args, kwargs)
        except Exception as error:
            fail(error)
            return original(self, *args, **kwargs)
        out = None
        try:
            out = original(self, *args, **kwargs)
            return out
        finally:
            try:
                leave(entered, self, plan, args, kwargs, out)
            except Exception as error:
                fail(error)

    return __call__


def _original_of(cls):
    """What a call of the class's modules runs: its own __call__, an inherited one, or torch.nn.Module's of the moment."""
    own = cls.__dict__.get("__call__")
    if own is not None:
        return own
    owner = next(c for c in cls.__mro__ if "__call__" in c.__dict__)
    if owner is not module_class[0]:
        return owner.__dict__["__call__"]
    Module = module_class[0]

    def original(self, *args, **kwargs):
        return Module.__call__(self, *args, **kwargs)  # torch.fx may have replaced it

    return original


def _unpatch(cls):
    own = _patched.pop(cls)
    if getattr(cls.__dict__.get("__call__"), "moetrace", False):
        if own is None:
            del cls.__call__
        else:
            cls.__call__ = own


def patch(cls):
    """Classes of torch.nn stay as they are: too much of every program is made of them."""
    if cls.__module__.startswith("torch.nn.") or any(c in _patched for c in cls.__mro__):
        return
    for below in [c for c in _patched if issubclass(c, cls)]:
        _unpatch(below)
    original = _original_of(cls)
    call = _make_call(original)
    call.moetrace = True
    _patched[cls] = cls.__dict__.get("__call__")
    cls.__call__ = call
    skip_by_dynamo(original, call)


def patch_model(root):
    for module in root.modules():
        if plans.get(id(module)) is not None:
            patch(type(module))


def unpatch_all():
    for cls in list(_patched):
        _unpatch(cls)


state.off_callbacks.append(unpatch_all)

# ---- torch.compile: no frame of the helper's is compiled, and what it calls is compiled as it would have been ----

_codes = set()


def _codes_in(code):
    yield code
    for c in code.co_consts:
        if isinstance(c, type(code)):
            yield from _codes_in(c)


def skip_by_dynamo(*functions):
    """torch.compile then leaves the frames of these alone; inside a frame that is compiled, __call__ is seen through."""
    codes = [c for f in functions if hasattr(f, "__code__") and "moetrace" in f.__code__.co_filename for c in _codes_in(f.__code__)]
    _codes.update(codes)
    dynamo = sys.modules.get("torch._dynamo.eval_frame")
    if hasattr(dynamo, "skip_code"):
        for code in codes:
            dynamo.skip_code(code)


def _functions_of(namespace, module):
    for value in list(namespace.values()):
        if isinstance(value, type) and value.__module__ == module:
            yield from _functions_of(vars(value), module)
        elif hasattr(value, "__code__"):
            yield value


def skip_all(dynamo):
    """torch._dynamo is there: it learns of all code of the helper."""
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] == __package__ and module is not None:
            skip_by_dynamo(*_functions_of(vars(module), name))
    for code in _codes:
        dynamo.skip_code(code)
