"""Sees models being made and used: torch's and transformers' modules are followed as they are imported."""
import atexit
import functools
import sys
import threading
import weakref

from . import calls, phases, rules, scan, shapes, state, tokens
from .state import ROOT, fail, here, plans


def look_at(root):
    """A module is used from outside: its parts are planned, and their classes get a __call__, if it holds a decoder."""
    model = scan.scan(root)
    if _outermost[0] is not None:
        _outermost[0].looked_at(root)
    if model is None:
        scan.know_nothing(root)
        return None
    calls.patch_model(root)
    _wrap_generate(type(root))
    return model


class _Outermost:
    """torch.nn.Module.__call__ is replaced only while there may be models that were not looked at: from when a list of modules was made to when
    all such lists were seen in a model, or a hundred outermost calls later."""

    def __init__(self, Module):
        self.Module, self.original, self.on = Module, Module.__call__, False
        self.inside = threading.local()
        self.new, self.calls = [], 0  # first modules of new lists; outermost calls since the last was made

    def arm(self, module):
        self.new.append(weakref.ref(module))
        self.calls = 0
        if not self.on and state.alive and self.Module.__call__ is self.original:
            self.Module.__call__ = self._make()
            self.on = True

    def looked_at(self, root):
        seen = {id(m) for m in root.modules()}
        self.new = [r for r in self.new if (m := r()) is not None and id(m) not in seen]
        if not self.new:
            self.disarm()

    def disarm(self):
        if self.on and getattr(self.Module.__call__, "moetrace", False):
            self.Module.__call__ = self.original
        self.on, self.new = False, []

    def _outermost_call(self, module):
        """Whether the module is a model that was found now."""
        self.calls += 1
        if plans.get(id(module), False) is False:
            return look_at(module) is not None
        if self.calls > 100:
            self.disarm()
        return False

    def _make(self):
        original, inside = self.original, self.inside

        def __call__(module, *args, **kwargs):
            if calls.is_compiling[0]() or getattr(inside, "yes", False):
                return original(module, *args, **kwargs)
            found = False
            try:
                found = self._outermost_call(module)
            except Exception as error:
                fail(error)
            if found:
                return module(*args, **kwargs)  # now through its class
            inside.yes = True
            try:
                return original(module, *args, **kwargs)
            finally:
                inside.yes = False

        __call__.moetrace = True
        calls.skip_by_dynamo(__call__)
        return __call__


_outermost = [None]


def _after_module(module):
    calls.module_class[0] = module.Module
    _outermost[0] = _Outermost(module.Module)
    state.off_callbacks.append(_outermost[0].disarm)


def _new_list(modules):
    """A new list of modules may be a new model. A slice of a known list, as transformers makes in every forward, is not."""
    if calls.is_compiling[0]() or here.root is not None:  # torch.compile may not see the rest
        return
    modules = list(modules)
    if modules and not any(id(m) in plans for m in modules):
        _outermost[0].arm(modules[0])


def _after_container(module):
    for cls in (module.ModuleList, module.Sequential):
        def make(init):
            @functools.wraps(init)
            def __init__(self, *args, **kwargs):
                init(self, *args, **kwargs)
                try:
                    _new_list(self._modules.values())
                except Exception as error:
                    fail(error)
            return __init__
        original = cls.__init__
        cls.__init__ = make(original)
        state.off_callbacks.append(functools.partial(setattr, cls, "__init__", original))


# ---- generate() ----

def _plan_of(root):
    plan = plans.get(id(root), False)
    if plan is False or (plan is not None and plan.kind != ROOT):
        look_at(root)
        plan = plans.get(id(root))
    return plan if plan is not None and plan.kind == ROOT else None


def _make_generate(original):
    @functools.wraps(original)
    def generate(self, *args, **kwargs):
        request = None
        try:
            if state.alive and here.request is None and here.root is None and not calls.is_compiling[0]():
                plan = _plan_of(self)
                if plan is not None:
                    request = phases.begin_generate(plan.model, args, kwargs)
        except Exception as error:
            fail(error)
        try:
            return original(self, *args, **kwargs)
        finally:
            if request is not None:
                try:
                    phases.end_generate(request)
                except Exception as error:
                    fail(error)

    generate.moetrace = True
    calls.skip_by_dynamo(generate)
    return generate


def _wrap_generate(cls):
    """A model's class with a generate() of its own, as those of transformers do not have."""
    owner = next((c for c in cls.__mro__ if rules.GENERATE in c.__dict__), None)
    method = owner.__dict__[rules.GENERATE] if owner is not None else None
    if method is None or not hasattr(method, "__code__") or getattr(method, "moetrace", False):
        return
    setattr(owner, rules.GENERATE, _make_generate(method))
    state.off_callbacks.append(functools.partial(setattr, owner, rules.GENERATE, method))


# ---- torch.compile ----

def _make_compiled(module, compiled):
    """A compiled __call__ of a model, as generate() makes for static caches: its forward calls are phases, what it compiled is as before."""
    @functools.wraps(compiled)
    def call(*args, **kwargs):
        opened = None
        try:
            if state.alive and here.root is None and not calls.is_compiling[0]():
                plan = _plan_of(module)
                if plan is not None:
                    opened = (phases.begin_forward(module, plan.model, args, kwargs),)
        except Exception as error:
            fail(error)
        try:
            return compiled(*args, **kwargs)
        finally:
            if opened is not None:
                try:
                    phases.end_forward(opened[0])
                except Exception as error:
                    fail(error)

    calls.skip_by_dynamo(call)
    return call


def _after_dynamo(dynamo):
    calls.skip_all(dynamo)
    context = dynamo.OptimizeContext
    original = context.__call__

    def __call__(self, fn):
        compiled = original(self, fn)
        owner = getattr(fn, "__self__", None)
        if isinstance(owner, calls.module_class[0]) and getattr(fn, "__name__", None) in ("__call__", "_wrapped_call_impl"):
            return _make_compiled(owner, compiled)
        return compiled

    own = "__call__" in context.__dict__
    context.__call__ = __call__
    state.off_callbacks.append(lambda: setattr(context, "__call__", original) if own else delattr(context, "__call__"))


# ---- modules as they are imported ----

_waiting = {}


def _safely(then, module):
    try:
        if state.alive:
            then(module)
    except Exception as error:
        fail(error)


class _Finder:
    """Lets the other finders find; does something when the module was executed."""

    @staticmethod
    def find_spec(fullname, path=None, target=None):
        then = _waiting.pop(fullname, None)
        if then is None:
            return None
        for finder in sys.meta_path:
            find = None if finder is _Finder else getattr(finder, "find_spec", None)
            spec = find(fullname, path, target) if find else None
            if spec is not None:
                break
        else:
            return None
        if spec.loader is not None and hasattr(spec.loader, "exec_module"):
            execute = spec.loader.exec_module

            def exec_module(module):
                del spec.loader.exec_module  # the loader is as it was
                execute(module)
                _safely(then, module)

            try:
                spec.loader.exec_module = exec_module
            except AttributeError:
                pass
        return spec


def _follow(fullname, then):
    if fullname in sys.modules:
        _safely(then, sys.modules[fullname])
    else:
        _waiting[fullname] = then


def _finish():
    try:
        if state.alive:
            for model in scan.models:
                if model.requests and model.root() is not None:
                    shapes.emit_mark(model)
            tokens.finish()
    except Exception as error:
        fail(error)


def arm():
    """Begins to look; once."""
    if _Finder in sys.meta_path or not state.MAX_DEPTH:
        return
    sys.meta_path.insert(0, _Finder)
    atexit.register(_finish)
    _follow("torch.nn.modules.module", _after_module)
    _follow("torch.nn.modules.container", _after_container)
    _follow("torch.compiler", lambda module: calls.is_compiling.__setitem__(0, module.is_compiling))
    _follow("torch._dynamo.eval_frame", _after_dynamo)
    _follow("transformers.generation.utils", lambda module: _wrap_generate(module.GenerationMixin))
