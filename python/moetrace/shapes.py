"""A model's sizes for the cost model of the analyser (docs/flops.md), taken from its modules and its configuration. A model that the cost
model does not describe to the last weight gets none."""
import json

from . import emit

_DTYPES = {"torch.bfloat16": "bf16", "torch.float16": "fp16", "torch.float32": "fp32"}


def _number(config, *names):
    return next((v for v in (getattr(config, n, None) for n in names) if isinstance(v, int) and not isinstance(v, bool)), None)


def _expert_width(experts, hidden):
    """The inner width of an expert, from its matrices."""
    weights = [p for p in experts.parameters() if p.dim() >= 2]
    first = getattr(experts, "0", None)
    if first is not None:
        weights = [p for p in first.parameters() if p.dim() >= 2]
        return weights[0].numel() // hidden if len(weights) == 3 else None
    total = sum(p.numel() for p in weights if p.dim() == 3)
    return total // (3 * hidden * weights[0].shape[0]) if weights and weights[0].dim() == 3 else None


def describe(model):
    """The mark of a model, as docs/report.md describes it; None where sizes are missing or do not add up to the model's weights."""
    root = model.root()
    config = getattr(root, "config", None)
    config = getattr(config, "text_config", None) or config
    d, layers, heads = (_number(config, n) for n in ("hidden_size", "num_hidden_layers", "num_attention_heads"))
    vocabulary, kv = _number(config, "vocab_size"), _number(config, "num_key_value_heads") or heads
    blocks = [(layer, block()) for layer, block in model.blocks]
    if not (d and layers and heads and vocabulary and model.experts) or model.vision or [x for x, _ in blocks] != list(range(layers)):
        return None
    h = _expert_width(blocks[0][1].experts, d) if hasattr(blocks[0][1], "experts") else None
    if not h or d % heads:
        return None
    width = kv * (d // heads)
    matrices = layers * (2 * d * d + 2 * d * width + d * model.experts + 3 * model.experts * d * h)
    found = sum(p.numel() for layer in model.layer_modules for p in (layer() or root).parameters() if p.dim() >= 2)
    dtypes = {str(p.dtype) for p in root.parameters()}
    if matrices != found or len(dtypes) != 1:
        return None
    fields = {"d_model": d, "n_layers": layers, "n_heads": heads, "n_kv_heads": kv, "moe_num_experts": model.experts,
              "mlp_hidden_size": 2 * h, "vocab_size": vocabulary}
    mark = {"name": model.class_name, "moe": "active", "config": fields}
    dtype = _DTYPES.get(dtypes.pop())
    if dtype:
        mark["dtype"] = dtype
    return mark


def emit_mark(model):
    """Once, at the end: the length of the prompts is said where all had the same, of one sequence."""
    mark = describe(model)
    if mark is None or model.prompts == {None} or any(sequences != 1 for _, sequences in model.prompts - {None}):
        return
    if len(model.prompts) == 1:
        mark["prompt_tokens"] = next(iter(model.prompts))[0]
    emit.mark("model=" + json.dumps(mark))
