#!/usr/bin/env python3
"""Made analysis_flops.json: what FlopCounterMode counts in the public PyTorch MolmoE, which is not part of this repository.

    git clone https://github.com/ChulanZhang/molmo_hf; : >molmo_hf/molmo/__init__.py; : >molmo_hf/molmo/models/__init__.py
    pip install torch==2.11.0 transformers==4.45.2 einops safetensors
    gunzip -k tests/data/native/tiny_a*.gz
    tests/data/analysis_flops.py molmo_hf tests/data/native analysis_flops.json
"""
import json
import platform
import sys

molmo, data, target = sys.argv[1:]
sys.path.insert(0, molmo)
import torch
import torch.nn.attention
import transformers
from molmo.models.config_molmoe import MolmoConfig
from molmo.models.modeling_molmoe import MolmoForCausalLM
from safetensors.torch import load_file
from torch.utils.flop_counter import FlopCounterMode

STEPS = 5


def count(model, **inputs):
    """One forward pass: its result, and FLOPs by the part of the model."""
    counter = FlopCounterMode(display=False, depth=None)
    with counter:
        result = model(use_cache=True, last_logits_only=True, return_dict=True, **inputs)
    counts = counter.get_flop_counts()
    parts = dict(vision=0, attention=0, router=0, expert=0, head=0)
    for name, operators in counts.items():
        path = name.split(".")
        if path[-1] == "vision_backbone":
            part = "vision"
        elif path[-1] == "attn":
            part = "attention"
        elif path[-2:] == ["mlp", "gate"]:
            part = "router"
        elif len(path) > 1 and path[-2] == "experts":
            part = "expert"
        elif path[-1] == "lm_head":
            part = "head"
        else:
            continue
        parts[part] += sum(operators.values())
    parts["total"] = sum(counts["Global"].values())
    assert 2 * parts["total"] == sum(parts.values()), "some operator lies in no part"
    return result, parts


def part_of(name):
    """The part of the model that a parameter belongs to."""
    for text, part in (("vision_backbone", "vision"), (".experts.", "expert"), (".mlp.gate.", "router"), ("ff_norm", "norm"),
                       (".attn.", "attention"), (".wte.", "embedding"), ("lm_head", "head"), ("ln_f", "head")):
        if text in name:
            return part
    raise ValueError(name)


config = json.load(open(f"{data}/tiny_a_config.json"))
request = load_file(f"{data}/tiny_a_request.safetensors")
ids = request["input_ids"].long().reshape(1, -1)
images, masks, index = (request[name] for name in ("images", "image_masks", "image_input_idx"))
if images.dim() == 3:
    images, masks, index = images[None], masks[None], index[None]
counts = []
for k in (1, 2, 3, 4, 8):
    model = MolmoForCausalLM(MolmoConfig(**dict(config, moe_top_k=k))).eval()
    # The class makes these with the default sizes of VisionBackboneConfig, whatever the configuration says.
    model.model.vision_backbone.pad_embed = torch.nn.Parameter(torch.zeros(2, 64))
    assert not model.load_state_dict(load_file(f"{data}/tiny_a.safetensors"), strict=False).missing_keys
    with torch.no_grad(), torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        out, parts = count(model, input_ids=ids, images=images, image_masks=masks, image_input_idx=index.long())
        vision = parts.pop("vision")
        parts["total"] -= vision
        counts.append(dict(k=k, phase="vision", crops=images.shape[1], flops=dict(vision=vision, total=vision)))
        counts.append(dict(k=k, phase="prefill", tokens=ids.shape[1], past=0, flops=parts))
        for step in range(STEPS):
            past = ids.shape[1] + step
            out, parts = count(model, input_ids=out.logits[:, -1].argmax(-1, keepdim=True), past_key_values=out.past_key_values,
                               attention_mask=torch.ones(1, past + 1, dtype=torch.bool), position_ids=torch.tensor([[past]]))
            assert parts.pop("vision") == 0
            counts.append(dict(k=k, phase="decode", step=step, tokens=1, past=past, flops=parts))
parameters = {}
for name, values in model.named_parameters():
    parameters[part_of(name)] = parameters.get(part_of(name), 0) + values.numel()

# The widths of MolmoE-1B, with one layer in the decoder (as much as fits in 8 GB); FLOPs do not depend on values.
wide = dict(config, d_model=2048, n_layers=1, n_heads=16, moe_num_experts=64, moe_top_k=8, embedding_size=50304,
            vocab_size=50280, vit_layers=[-2, -9])
wide["vision_backbone"] = dict(config["vision_backbone"], image_emb_dim=1024, image_head_dim=64, image_mlp_dim=4096,
                               image_num_heads=16, image_num_key_value_heads=16, image_num_layers=23)
model = MolmoForCausalLM(MolmoConfig(**wide)).eval()
for values in model.parameters():
    torch.nn.init.normal_(values, std=0.02)
with torch.no_grad(), torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
    out, first = count(model, input_ids=torch.arange(326)[None], images=torch.randn(1, 2, 576, 588),
                       image_masks=torch.ones(1, 2, 576), image_input_idx=torch.arange(10, 298).reshape(1, 2, 144))
    out, step = count(model, input_ids=torch.tensor([[7]]), past_key_values=out.past_key_values,
                      attention_mask=torch.ones(1, 327, dtype=torch.bool), position_ids=torch.tensor([[326]]))
full_width = dict(layers=1, k=8, crops=2, prompt_tokens=326, vision=first["vision"], prefill=first["total"] - first["vision"],
                  decode=step["total"])

about = {
    "what": "FLOPs that torch.utils.flop_counter.FlopCounterMode counts in the public PyTorch MolmoE (GitHub ChulanZhang/molmo_hf, "
            "molmo/models/modeling_molmoe.py, commit 09bce1f), by module, and the numbers of its parameters",
    "how": "tests/data/analysis_flops.py: float32 on a CPU, attention by SDPBackend.MATH (the counter does not know the fused kernel "
           "of CPUs), last_logits_only=True, use_cache=True; prefill is the pass of the prompt without vision_backbone, decode the "
           "pass of one token behind `past` cached ones",
    "versions": dict(torch=torch.__version__, transformers=transformers.__version__, python=platform.python_version()),
    "config": "tests/data/native/tiny_a_config.json",
    "parameters": parameters,
    "full_width": full_width,
}
with open(target, "w") as file:
    file.write("{\n" + "".join(f" {json.dumps(key)}: {json.dumps(value)},\n" for key, value in about.items()))
    file.write(' "counts": [\n' + ",\n".join("  " + json.dumps(one) for one in counts) + "\n ]\n}\n")
