"""Requests and their phases: what a call of a model is, from shapes alone. Nothing here reads the device."""
import itertools
import sys

from . import emit, rules, tokens
from .state import depth_now, here

_samples, _warmups = itertools.count(), itertools.count()


class Request:
    """base: ranges of the helper's that were open before. phase: None, vision, prefill or step."""
    __slots__ = ("model", "k", "base", "phase", "step", "calls", "prompt", "seen", "tokens", "silent")

    def __init__(self, model):
        self.model, self.base = model, emit.depth()
        self.k = self.phase = self.prompt = self.tokens = None
        self.step = self.calls = self.seen = 0
        self.silent = emit.in_request()  # the program has ranges of its own for requests and phases


def _request_name(model):
    """The first request of a model is a warm-up: what is loaded, compiled and allocated once is in it."""
    model.requests += 1
    return f"sample.{next(_samples)}" if model.requests > 1 else f"warmup.{next(_warmups)}"


def _open(request, standing_alone=False):
    """A request begins; a step of a loop of the program's own belongs to the last one."""
    here.request = request
    if not request.silent:
        tokens.receive()
        request.k = request.model.predict_k()
        if request.model.blocks:
            emit.push(emit.name(f"top_k={'?' if request.k is None else request.k}"))
        if not standing_alone:
            emit.push_request(emit.name(_request_name(request.model)))
    here.depth = depth_now()
    here.need_k = bool(request.model.blocks)


def _close(request):
    emit.restore(request.base)
    if here.request is request:
        here.request, here.depth, here.need_k = None, 0, False
        tokens.send()


def _enter(request, phase, name, payload=None):
    request.phase = phase
    if not request.silent:
        if payload is None:
            emit.push(emit.name(name))
        else:
            emit.push(emit.name(name), payload)


def _leave(request):
    """Leaves vision, prefill, or a step and its decode."""
    if request.phase is not None and not request.silent:
        emit.pop()
        if request.phase == "step":
            emit.pop()
    request.phase = None


def begin_generate(model, args, kwargs):
    request = Request(model)
    ids = kwargs.get("input_ids", kwargs.get("inputs_embeds", args[0] if args else kwargs.get("inputs")))
    shape = getattr(ids, "shape", ())
    request.prompt = shape[1] if len(shape) > 1 else None
    here.generating = True
    _open(request)
    return request


def end_generate(request):
    here.generating = False
    _close(request)


class Manual:
    """moetrace.request(): what generate() is, around any calls of one model."""

    def __enter__(self):
        self.before, here.manual = here.manual, self
        self.request = None
        return self

    def __exit__(self, *_):
        here.manual = self.before
        if self.request is not None:
            end_generate(self.request)
        return False


def _query(args, kwargs):
    """Tokens of the query for each sequence, sequences, and the cache that was given."""
    value = next((kwargs[n] for n in rules.QUERY if kwargs.get(n) is not None), None)
    if value is None:
        value = next((a for a in args if len(getattr(a, "shape", ())) > 1), None)
    shape = getattr(value, "shape", ())
    cache = next((kwargs[n] for n in rules.CACHE if kwargs.get(n) is not None), None)
    return (shape[1], shape[0], cache) if len(shape) > 1 else (None, None, cache)


def _filled(cache):
    """Whether a cache holds tokens: True, False, or None where only the device knows."""
    if cache is None:
        return False
    if isinstance(cache, (tuple, list)):
        first = cache[0] if cache else None
        keys = first[0] if isinstance(first, (tuple, list)) and first else first
        shape = getattr(keys, "shape", ())
        return len(shape) > 1 and shape[-2] > 0
    if "Static" in type(cache).__name__:
        return None
    layers = getattr(cache, "layers", None)
    if layers is None:
        return cache.get_seq_length() > 0 if hasattr(cache, "get_seq_length") else None
    if not len(layers):
        return False
    if "Static" in type(layers[0]).__name__:
        return None
    keys = getattr(layers[0], "keys", None)
    return keys is not None and keys.dim() > 1 and keys.shape[-2] > 0


def _has_images(kwargs):
    return any(any(i in n for i in rules.IMAGES) and hasattr(v, "shape") and v.is_floating_point() for n, v in kwargs.items())


def _begin_prefill(request, kwargs, sequences):
    """Where images come first, prefill begins with the first layer."""
    request.model.prompts.add((request.tokens // sequences, sequences) if request.tokens else None)
    if request.phase is None and not (request.model.vision and _has_images(kwargs)):
        _enter(request, "prefill", "prefill", request.tokens)


def begin_forward(module, model, args, kwargs):
    """The outermost call of a model begins. Returns the request that ends with it, if any."""
    here.root = module
    if here.manual is not None and here.request is None:
        here.manual.request = begin_generate(model, (), {})
    request, own = here.request, None
    q, sequences, cache = _query(args, kwargs)
    n = q * sequences if q else None
    if request is not None:
        request.tokens = n
        if request.model is not model and request.model.class_name != model.class_name:
            return None  # an assistant's model, say
        chunk = request.step == 0 and q and request.prompt and request.seen < request.prompt and cache is not None
        if request.calls == 0 or chunk:
            request.tokens = n if not request.prompt or q == request.prompt else 0  # 0: a part of the prompt
            _begin_prefill(request, kwargs, sequences)
        else:
            if request.phase == "step":
                emit.pop() if not request.silent else None
            else:
                _leave(request)
                _enter(request, "step", "decode")
            _enter(request, "step", f"decode.{request.step}", n)
            request.step += 1
        request.calls += 1
        request.seen += q or 0
        return None
    if module.training and sys.modules["torch"].is_grad_enabled():
        here.depth = 0
        return None  # training: neither prefill nor decode
    own = Request(model)
    own.tokens = n
    filled = _filled(cache)
    if q == 1 and (filled or (filled is None and id(cache) in model.caches)):
        _open(own, standing_alone=True)
        _enter(own, "step", "decode")
        _enter(own, "step", f"decode.{model.steps}", n)
        model.steps += 1
    else:
        _open(own)
        model.steps = 0
        if cache is not None:
            model.caches.add(id(cache))
        _begin_prefill(own, kwargs, sequences)
    return own


def end_forward(own):
    here.root = None
    if own is not None:
        _close(own)


def begin_vision():
    """True when the range is vision's alone; else it ends where the language model begins."""
    request = here.request
    if request is None or here.root is None:
        emit.push(emit.name("vision"))
        return True
    if request.phase is None:
        _enter(request, "vision", "vision")
    return False


def begin_layers():
    """The first layer of the language model begins."""
    request = here.request
    if request is not None and here.root is not None and request.phase in (None, "vision"):
        _leave(request)
        _enter(request, "prefill", "prefill", request.tokens)


def saw_k(k):
    """k was observed in the request that is open."""
    request = here.request
    if here.need_k and request is not None and k > 0:
        here.need_k = False
        request.model.saw_k(k)
        if request.k != k:
            emit.mark(f"top_k={k}")


