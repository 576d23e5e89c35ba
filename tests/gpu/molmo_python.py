"""The public PyTorch MolmoE under the same ranges as run_native: full size, bf16, random weights, one request.
    MOLMO_HF=FOLDER molmo_python.py OUTPUT_DIR TOP_K[,TOP_K...] SAMPLES [WARMUP]
FOLDER is a checkout of ChulanZhang/molmo_hf. Writes OUTPUT_DIR/run_native_times.json in run_native's form, so that the
same scripts read both; here `prefill_ms` includes vision, which the model's forward runs once more."""

import importlib.machinery
import json
import os
import sys
import time
import types

import torch

NEW_TOKENS = 10
PROMPT, CROPS, PATCHES, PATCH_VALUES, IMAGE_TOKENS = 326, 2, 576, 588, 144


def namespace(name, folder):
    """A package without its __init__, which would load what is not needed here."""
    module = types.ModuleType(name)
    module.__path__ = [folder]
    module.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=True)
    sys.modules[name] = module


def load_model(folder):
    namespace("molmo", os.path.join(folder, "molmo"))
    namespace("molmo.models", os.path.join(folder, "molmo", "models"))
    from molmo.models import modeling_molmoe
    from molmo.models.config_molmoe import MolmoConfig

    config = json.load(open(os.path.join(folder, "configs", "model", "config.json")))
    values = {k: v for k, v in config.items() if k not in ("auto_map", "architectures")}
    config = MolmoConfig(**values)
    for name in ("residual_dropout", "embedding_dropout", "attention_dropout"):
        setattr(config, name, 0.0)
    for layer in (torch.nn.Linear, torch.nn.LayerNorm, torch.nn.Embedding):
        layer.reset_parameters = lambda self: None  # the weights are drawn below
    torch.set_default_dtype(torch.bfloat16)
    model = modeling_molmoe.MolmoForCausalLM(config)
    torch.set_default_dtype(torch.float32)
    width = 2 * values["vision_backbone"]["image_emb_dim"]
    for name, parameter in model.named_parameters():
        if "pad_embed" in name and parameter.shape[-1] != width:
            parameter.data = torch.zeros(2, width, dtype=torch.bfloat16)
    model = model.to("cuda", torch.bfloat16).eval()
    generator = torch.Generator(device="cuda").manual_seed(1)
    for parameter in model.parameters():
        parameter.data.normal_(0, 0.02, generator=generator)
    return model


def make_request():
    """Tokens and pixels of no meaning, in the shapes of one 336x336 image with `Describe this image.`"""
    generator = torch.Generator().manual_seed(1)
    tokens = torch.randint(0, 50000, (1, PROMPT), generator=generator)
    index = torch.arange(1, 1 + CROPS * IMAGE_TOKENS).view(1, CROPS, IMAGE_TOKENS)
    return {
        "ids": tokens.cuda(),
        "images": torch.randn(1, CROPS, PATCHES, PATCH_VALUES, generator=generator).cuda().bfloat16(),
        "masks": torch.ones(1, CROPS, PATCHES).cuda().bfloat16(),
        "index": index.cuda(),
    }


class Timed:
    """An NVTX range that ends when the GPU has ended, and is timed like run_native's phases."""

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        torch.cuda.synchronize()
        self.start = time.perf_counter()
        torch.cuda.nvtx.range_push(self.name)
        return self

    def __exit__(self, *_):
        torch.cuda.synchronize()
        torch.cuda.nvtx.range_pop()
        self.ms = (time.perf_counter() - self.start) * 1e3


@torch.inference_mode()
def run(model, r):
    with Timed("vision") as vision:
        model.model.vision_backbone(r["images"], r["masks"])
    with Timed("prefill") as prefill:
        mask = torch.ones(1, PROMPT, dtype=torch.bool, device="cuda")
        out = model(input_ids=r["ids"], images=r["images"], image_masks=r["masks"], image_input_idx=r["index"],
                    attention_mask=mask, position_ids=torch.arange(PROMPT, device="cuda")[None], use_cache=True,
                    last_logits_only=True)
        token = out.logits[:, -1].argmax(-1)
    with Timed("decode") as decode:
        for i in range(NEW_TOKENS - 1):
            torch.cuda.nvtx.range_push(f"decode.{i}")
            mask = torch.ones(1, PROMPT + i + 1, dtype=torch.bool, device="cuda")
            out = model(input_ids=token[:, None], attention_mask=mask,
                        position_ids=torch.tensor([[PROMPT + i]], device="cuda"),
                        past_key_values=out.past_key_values, use_cache=True, last_logits_only=True)
            token = out.logits[:, -1].argmax(-1)
            torch.cuda.nvtx.range_pop()
    return vision.ms, prefill.ms, decode.ms


def main():
    output, ks, samples = sys.argv[1], [int(k) for k in sys.argv[2].split(",")], int(sys.argv[3])
    warmup = int(sys.argv[4]) if len(sys.argv) > 4 else 3
    model, request, times = load_model(os.environ["MOLMO_HF"]), make_request(), []
    for k in ks:
        for block in model.model.transformer.blocks:
            block.mlp.top_k = k
        torch.cuda.nvtx.range_push(f"top_k={k}")
        for i in range(-warmup, samples):
            torch.cuda.nvtx.range_push(f"sample.{i}" if i >= 0 else f"warmup.{i + warmup}")
            vision, prefill, decode = run(model, request)
            torch.cuda.nvtx.range_pop()
            if i >= 0:
                times.append({"top_k": k, "sample": i, "vision_ms": vision, "prefill_ms": prefill,
                              "decode_ms": decode})
        torch.cuda.nvtx.range_pop()
    os.makedirs(output, exist_ok=True)
    with open(os.path.join(output, "run_native_times.json"), "w", encoding="utf-8") as f:
        json.dump({"samples": times}, f)


if __name__ == "__main__":
    main()
