"""Finds the parts of a model, by structure and by the names of rules.py."""
import sys
import weakref

from . import emit, rules
from .state import EXPERT, EXPERT_DEPTH, FIRST_LAYER, FUSED, LAYER, MAX_DEPTH, MOE, PHASE, RANGE, ROOT, ROUTER, VISION, Plan, know, plans


models = []  # all that were found


class Model:
    """A model that holds a decoder, and what of its k was observed."""

    def __init__(self, root):
        self.class_name = type(root).__name__
        self.root = weakref.ref(root)
        self.blocks = []  # MoE blocks: (layer, block, experts)
        self.layer_modules = []
        self.prompts = set()  # (tokens, sequences) of prefills; None: not known
        self.experts = 0
        self.vision = False
        self.k_holders = []  # (module, attribute)
        self.k_seen = {}  # values of these attributes -> k that was observed with them
        self.requests = 0
        self.steps = 0  # decode steps of a loop of the program's own, since its last prefill
        self.caches = set()

    def _attributes(self):
        values = (getattr(holder(), attribute, None) for holder, attribute in self.k_holders)
        return tuple(v if isinstance(v, int) else None for v in values)

    def predict_k(self):
        """k of the request that begins: that which was observed when the attributes that may hold k were as they are; else None: it is
        observed."""
        return self.k_seen.get(self._attributes())

    def saw_k(self, k):
        """k was observed."""
        self.k_seen[self._attributes()] = k


def _unwrap(module):
    return getattr(module, "_orig_mod", module) if type(module).__name__ == "OptimizedModule" else module


def _child(children, pattern):
    return next((c for n, c in children.items() if pattern.match(n)), None)


def _stacked(module):
    """Experts in one parameter of three dimensions: how many."""
    return next((p.shape[0] for p in module.parameters(recurse=False) if p.dim() == 3), 0)


def _in_vision(path):
    names = path.split(".")
    return any(rules.VISION.search(".".join(names[:i + 1])) for i in range(len(names)))


def _find_lists(root, nn):
    """Lists of layers by path, and MoE blocks by path: (block, its experts or None)."""
    lists, blocks = [], {}
    for path, module in root.named_modules():
        children = dict(module.named_children())
        if isinstance(module, (nn.ModuleList, nn.Sequential)):
            if len(module) and rules.LAYER_LIST.search(path) and not rules.EXPERTS.match(path.rsplit(".", 1)[-1]):
                lists.append((path, module))
            continue
        experts = _child(children, rules.EXPERTS)
        if experts is not None and not _in_vision(path):
            blocks[path] = (module, experts)
        elif any(rules.EXPERTS_CLASS.search(type(c).__name__) for c in children.values()):
            blocks[path] = (module, None)
    with_blocks = [x for x in lists if any(p.startswith(x[0] + ".") for p in blocks)]
    if with_blocks:
        return with_blocks, blocks
    embeds = any(isinstance(m, nn.Embedding) and not _in_vision(p) for p, m in root.named_modules())
    return [x for x in lists if embeds and not _in_vision(x[0])][:1], blocks


def _plan_fused(model, block, experts, router, layer):
    count = getattr(experts, "num_experts", None)
    model.experts = max(model.experts, count if isinstance(count, int) else _stacked(experts))
    plan = Plan(FUSED, emit.name("experts"), LAYER, model, layer)
    plan.router = plans.get(id(router)) if router is not None else None
    know(experts, plan)
    plans[id(block)].kind = RANGE  # its tokens are seen at the experts


def _plan_block(model, block, experts, layer, nn):
    children = dict(block.named_children())
    router = _child(children, rules.ROUTER)
    model.blocks.append((layer, weakref.ref(block)))
    know(block, Plan(MOE, emit.name("moe"), LAYER, model, layer))
    if len(model.k_holders) < 64:
        holders = [m for m in (router, block) if m is not None]
        model.k_holders += [(weakref.ref(h), a) for h in holders for a in rules.K_NAMES if isinstance(getattr(h, a, None), int)]
    if router is not None:
        know(router, Plan(ROUTER, emit.name("router"), LAYER, model, layer))
    if experts is None:
        model.experts = max([model.experts] + [_stacked(c) for c in children.values()])
    elif isinstance(experts, (nn.ModuleList, nn.ModuleDict)):
        for name, expert in experts.named_children():
            number = rules.EXPERT_NUMBER.search(name)
            if number:
                model.experts = max(model.experts, int(number[1]) + 1)
                know(expert, Plan(EXPERT, emit.name(f"expert.{int(number[1])}"), EXPERT_DEPTH, model, layer))
        if type(experts) not in (nn.ModuleList, nn.ModuleDict):
            know(experts, Plan(RANGE, emit.name("experts"), LAYER, model, layer))
    else:
        _plan_fused(model, block, experts, router, layer)


def _plan_layer(model, layer, index, base, blocks, nn):
    for name, module in _unwrap(layer).named_modules():
        if not name:
            continue
        found = blocks.get(f"{base}.{name}") or blocks.get(f"{base}._orig_mod.{name}")
        part = next((p for pattern, p in rules.PARTS if pattern.match(name.rsplit(".", 1)[-1])), None)
        if found:
            _plan_block(model, *found, index, nn)
        elif part and id(module) not in plans:
            know(module, Plan(RANGE, emit.name(part), LAYER, model, index))
    know(layer, Plan(RANGE if index else FIRST_LAYER, emit.name(f"layer.{index}"), LAYER, model, index))


def _plan_outside(model, root, lists):
    vision = []
    for path, module in root.named_modules():
        inside = any(path.startswith(v + ".") for v in vision)
        if path and rules.VISION.search(path) and not inside and not any(l[0].startswith(path + ".") for l in lists):
            vision.append(path)
            model.vision = True
            know(module, Plan(VISION, emit.name("vision"), PHASE, model))
        elif path and not inside and id(module) not in plans:
            part = next((p for pattern, p in rules.OUTER_PARTS if pattern.match(path.rsplit(".", 1)[-1])), None)
            know(module, Plan(RANGE, emit.name(part), LAYER, model) if part else None)
        elif id(module) not in plans:
            know(module, None)


def scan(root):
    """Plans what is done around calls of the model's modules. None when it has no decoder."""
    nn = sys.modules["torch.nn"]
    lists, blocks = _find_lists(root, nn)
    if not lists:
        return None
    for module in root.modules():
        plans.pop(id(module), None)  # of an earlier look at a part of it
    model = Model(root)
    for path, layers in lists:
        model.layer_modules += [weakref.ref(layer) for layer in layers]
        for index, layer in enumerate(layers):
            if MAX_DEPTH >= LAYER or index == 0 or not model.blocks:
                _plan_layer(model, layer, index, f"{path}.{index}", blocks, nn)
    _plan_outside(model, root, lists)
    know(root, Plan(ROOT, None, PHASE, model))
    models.append(model)
    return model


def know_nothing(root):
    for module in root.modules():
        if id(module) not in plans:
            know(module, None)
