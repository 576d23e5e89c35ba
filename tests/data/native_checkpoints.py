#!/usr/bin/env python3
"""Makes checkpoints of a tiny random MolmoE in every form that run_native reads, with requests and what PyTorch computes from them.

usage: native_checkpoints.py OUT SEED      (needs PyTorch and safetensors)

    OUT/{one,shards,torch,torch_shards}    model.safetensors; several with an index; pytorch_model.bin; several with an index (float32)
    OUT/{f16,bf16,torch_bf16}              one file of another type
    OUT/{image,text}.request               with an image of three crops, padded in part and in whole; without an image
    OUT/NAME.{image,text}                  expected logits, tokens and vision features, NAME being one, f16 or bf16

Every size of the model differs from every other one, and heads share keys and values. The computation is written from the
description of the architecture, in float32, without a cache: each decoded token computes the whole sequence again.
"""
import collections
import json
import os
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

CONFIG = {
    "activation_type": "swiglu", "additional_vocab_size": 9, "attention_layer_norm": True, "block_type": "moe", "d_model": 48,
    "embedding_size": 110, "image_padding_embed": "pad_and_partial_pad", "image_pooling_h": 2, "image_pooling_w": 3,
    "include_bias": False, "layer_norm_eps": 1e-5, "layer_norm_type": "rms", "max_position_embeddings": 64, "mlp_hidden_size": 40,
    "moe_num_experts": 5, "n_heads": 6, "n_kv_heads": 3, "n_layers": 2, "rope": True, "rope_impl": "llama", "rope_theta": 500.0,
    "use_position_ids": True, "vit_layers": [-1, -3], "vocab_size": 101, "weight_tying": False,
    "vision_backbone": {
        "image_default_input_size": [28, 42], "image_emb_dim": 28, "image_head_dim": 7, "image_mlp_activations": "quick_gelu",
        "image_mlp_dim": 37, "image_model_type": "openai", "image_norm_eps": 1e-5, "image_num_heads": 4,
        "image_num_key_value_heads": 2, "image_num_layers": 3, "image_num_pos": 25, "image_patch_size": 7,
    },
}
V = CONFIG["vision_backbone"]
D, HEADS, KV, EXPERTS, INNER = CONFIG["d_model"], CONFIG["n_heads"], CONFIG["n_kv_heads"], CONFIG["moe_num_experts"], 20
HEAD, GRID, PATCHES, PATCH = D // HEADS, (4, 6), 24, 3 * 7 * 7
POOL = (CONFIG["image_pooling_h"], CONFIG["image_pooling_w"])
WIDTH, VKV, FEATURES = V["image_emb_dim"], 2 * V["image_head_dim"], 2 * V["image_emb_dim"]
TOP_K, NEW_TOKENS = (1, 2, 5), 4


def make_weights(seed):
    generator = torch.Generator().manual_seed(seed)
    w = collections.OrderedDict()

    def normal(name, *size, spread=0.2, around=0.0):
        w[name] = torch.randn(size, generator=generator) * spread + around

    def linear(name, out, into, bias=False):
        normal(name + ".weight", out, into)
        if bias:
            normal(name + ".bias", out)

    def norm(name, width, bias=False):
        normal(name + ".weight", width, around=1.0)
        if bias:
            normal(name + ".bias", width)

    t = "model.transformer."
    normal(t + "wte.embedding", 110, D, spread=0.5)
    normal(t + "wte.new_embedding", 9, D, spread=0.5)
    for i in range(CONFIG["n_layers"]):
        b = f"{t}blocks.{i}."
        norm(b + "attn.attn_norm", D)
        norm(b + "attn.q_norm", D)
        norm(b + "attn.k_norm", KV * HEAD)
        linear(b + "attn.att_proj", D + 2 * KV * HEAD, D)
        linear(b + "attn.attn_out", D, D)
        norm(b + "mlp.ff_norm", D)
        linear(b + "mlp.gate", EXPERTS, D)
        for e in range(EXPERTS):
            linear(f"{b}mlp.experts.{e}.gate_proj", INNER, D)
            linear(f"{b}mlp.experts.{e}.up_proj", INNER, D)
            linear(f"{b}mlp.experts.{e}.down_proj", D, INNER)
    norm(t + "ln_f", D)
    linear("lm_head", 110, D)
    v = "model.vision_backbone."
    normal(v + "pad_embed", 2, FEATURES)
    normal(v + "image_vit.class_embedding", WIDTH)
    normal(v + "image_vit.positional_embedding", PATCHES + 1, WIDTH)
    linear(v + "image_vit.patch_embedding", WIDTH, PATCH)
    norm(v + "image_vit.pre_ln", WIDTH, bias=True)
    for i in range(V["image_num_layers"]):
        b = f"{v}image_vit.transformer.resblocks.{i}."
        norm(b + "attention_norm", WIDTH, bias=True)
        for name, rows in (("wq", WIDTH), ("wk", VKV), ("wv", VKV), ("wo", WIDTH)):
            linear(b + "attention." + name, rows, WIDTH, bias=True)
        norm(b + "ffn_norm", WIDTH, bias=True)
        linear(b + "feed_forward.w1", V["image_mlp_dim"], WIDTH, bias=True)
        linear(b + "feed_forward.w2", WIDTH, V["image_mlp_dim"], bias=True)
    for name, rows in (("wq", WIDTH), ("wk", VKV), ("wv", VKV)):
        linear(v + "image_pooling_2d." + name, rows, FEATURES, bias=True)
    linear(v + "image_pooling_2d.wo", WIDTH, WIDTH, bias=True)
    linear(v + "image_projector.w1", INNER, WIDTH)
    linear(v + "image_projector.w3", INNER, WIDTH)
    linear(v + "image_projector.w2", D, INNER)
    return w


class Model:
    def __init__(self, weights):
        self.w = {name: value.float() for name, value in weights.items()}

    def linear(self, name, x):
        return F.linear(x, self.w[name + ".weight"], self.w.get(name + ".bias"))

    def rms(self, name, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + CONFIG["layer_norm_eps"]) * self.w[name + ".weight"]

    def layer_norm(self, name, x):
        return F.layer_norm(x, x.shape[-1:], self.w[name + ".weight"], self.w[name + ".bias"], V["image_norm_eps"])

    @staticmethod
    def attend(q, k, v, heads, mask=None):
        """Rows of heads side by side; each key and value serves several heads."""
        size = q.shape[-1] // heads
        q, k, v = (x.unflatten(-1, (-1, size)).transpose(-3, -2) for x in (q, k, v))
        k, v = (x.repeat_interleave(heads // x.shape[-3], dim=-3) for x in (k, v))
        scores = q @ k.transpose(-1, -2) / size**0.5
        if mask is not None:
            scores = scores.masked_fill(~mask, float("-inf"))
        return (scores.softmax(-1) @ v).transpose(-3, -2).flatten(-2)

    def vision_attention(self, prefix, q, kv):
        q, k, v = self.linear(prefix + "wq", q), self.linear(prefix + "wk", kv), self.linear(prefix + "wv", kv)
        return self.linear(prefix + "wo", self.attend(q, k, v, V["image_num_heads"]))

    def vision(self, images, masks):
        v = "model.vision_backbone."
        crops = images.shape[0]
        x = self.linear(v + "image_vit.patch_embedding", images)
        x = torch.cat([self.w[v + "image_vit.class_embedding"].expand(crops, 1, -1), x], 1)
        x = self.layer_norm(v + "image_vit.pre_ln", x + self.w[v + "image_vit.positional_embedding"])
        layers = []
        for i in range(V["image_num_layers"]):
            b = f"{v}image_vit.transformer.resblocks.{i}."
            y = self.layer_norm(b + "attention_norm", x)
            x = x + self.vision_attention(b + "attention.", y, y)
            y = self.linear(b + "feed_forward.w1", self.layer_norm(b + "ffn_norm", x))
            x = x + self.linear(b + "feed_forward.w2", y * torch.sigmoid(1.702 * y))
            layers.append(x)
        x = torch.cat([layers[i] for i in CONFIG["vit_layers"]], -1)[:, 1:]
        x = x * torch.all(images != -1, dim=(1, 2)).reshape(-1, 1, 1)
        pad = self.w[v + "pad_embed"]
        x = x + pad[0] * (masks == 0).unsqueeze(-1) + pad[1] * ((masks < 1) & (masks != 0)).unsqueeze(-1)
        x = x.reshape(crops, GRID[0] // POOL[0], POOL[0], GRID[1] // POOL[1], POOL[1], -1).transpose(2, 3).flatten(0, 2).flatten(1, 2)
        x = self.vision_attention(v + "image_pooling_2d.", x.mean(1, keepdim=True), x)
        gate = F.silu(self.linear(v + "image_projector.w1", x)) * self.linear(v + "image_projector.w3", x)
        return self.linear(v + "image_projector.w2", gate).reshape(crops, -1, D)

    @staticmethod
    def rotate(x, angles):
        x = x.unflatten(-1, (-1, 2, HEAD // 2))
        a, b = x[..., 0, :], x[..., 1, :]
        cos, sin = angles.cos().unsqueeze(1), angles.sin().unsqueeze(1)
        return torch.stack([a * cos - b * sin, b * cos + a * sin], -2).flatten(-3)

    def experts(self, prefix, x, top_k):
        x = self.rms(prefix + "ff_norm", x)
        shares, chosen = self.linear(prefix + "gate", x).softmax(-1).topk(top_k, -1)
        out = torch.zeros_like(x)
        for token in range(x.shape[0]):
            for share, e in zip(shares[token], chosen[token].tolist()):
                p = f"{prefix}experts.{e}."
                y = F.silu(self.linear(p + "gate_proj", x[token])) * self.linear(p + "up_proj", x[token])
                out[token] += share * self.linear(p + "down_proj", y)
        return out

    def logits(self, ids, features, index, top_k):
        t = "model.transformer."
        x = torch.cat([self.w[t + "wte.embedding"], self.w[t + "wte.new_embedding"]])[ids]
        if features is not None:
            for at, row in zip(index.flatten().tolist(), features.flatten(0, 1)):
                if at >= 0:
                    x[at] += row
        count = len(ids)
        frequency = 1.0 / CONFIG["rope_theta"] ** (torch.arange(0, HEAD, 2).float() / HEAD)
        angles = torch.arange(count).float().unsqueeze(1) * frequency
        mask = torch.ones(count, count, dtype=torch.bool).tril()
        for i in range(CONFIG["n_layers"]):
            b = f"{t}blocks.{i}."
            y = self.linear(b + "attn.att_proj", self.rms(b + "attn.attn_norm", x))
            q, k, v = y.split([D, KV * HEAD, KV * HEAD], -1)
            q = self.rotate(self.rms(b + "attn.q_norm", q), angles)
            k = self.rotate(self.rms(b + "attn.k_norm", k), angles)
            x = x + self.linear(b + "attn.attn_out", self.attend(q, k, v, HEADS, mask))
            x = x + self.experts(b + "mlp.", x, top_k)
        return self.linear("lm_head", self.rms(t + "ln_f", x[-1]))

    def expected(self, request):
        features = self.vision(request["images"], request["image_masks"]) if "images" in request else None
        out = {} if features is None else {"vision_features": features.unsqueeze(0)}
        for k in TOP_K:
            ids = request["input_ids"].tolist()
            for step in range(NEW_TOKENS):
                logits = self.logits(ids, features, request.get("image_input_idx"), k)
                out[f"k{k}.prefill_logits" if step == 0 else f"k{k}.last_decode_logits"] = logits.unsqueeze(0)
                ids.append(int(logits.argmax()))
            out[f"k{k}.tokens"] = torch.tensor([ids[-NEW_TOKENS:]])
        return {name: value.contiguous() for name, value in out.items()}


def make_requests(seed):
    generator = torch.Generator().manual_seed(seed + 1)
    crops, pooled = 3, PATCHES // (POOL[0] * POOL[1])
    images = torch.randn((crops, PATCHES, PATCH), generator=generator)
    images[1, 7, 9] = -1  # an empty crop
    masks = torch.ones(crops, PATCHES)
    masks[0, 3], masks[0, 4:9], masks[2] = 0.25, 0, -1
    index = 1 + torch.arange(crops * pooled).reshape(crops, pooled)
    index[2, 1], index[1, 3] = -100, -1
    ids = torch.randint(0, 119, (crops * pooled + 8,), generator=generator)
    image = {"input_ids": ids, "images": images, "image_masks": masks, "image_input_idx": index.int()}
    return {"image": image, "text": {"input_ids": torch.randint(0, 101, (11,), generator=generator).int()}}


def folder(out, name):
    os.makedirs(f"{out}/{name}")
    with open(f"{out}/{name}/config.json", "w") as f:
        json.dump(CONFIG, f)
    return f"{out}/{name}/"


def save_shards(weights, path, form, save):
    names, shards = list(weights), 3
    index = {"metadata": {"total_size": sum(w.nbytes for w in weights.values())}, "weight_map": {}}
    for i in range(shards):
        name = form.replace(".", f"-{i + 1:05}-of-{shards:05}.")
        save({key: weights[key] for key in names[i::shards]}, path + name)
        index["weight_map"].update({key: name for key in names[i::shards]})
    with open(f"{path}{form}.index.json", "w") as f:
        json.dump(index, f)


def main(out, seed):
    torch.set_num_threads(1)
    requests, weights = make_requests(seed), make_weights(seed)
    for name, request in requests.items():
        save_file(request, f"{out}/{name}.request")
    # Some tensors share a storage, and one stands transposed in its own.
    torch_weights = collections.OrderedDict(weights)
    head = "lm_head.weight"
    torch_weights[head] = weights[head].t().contiguous().t()
    both = torch.cat([weights["model.transformer.wte.embedding"], weights["model.transformer.wte.new_embedding"]])
    torch_weights["model.transformer.wte.embedding"], torch_weights["model.transformer.wte.new_embedding"] = both[:110], both[110:]
    save_file(weights, folder(out, "one") + "model.safetensors", metadata={"format": "pt"})
    save_shards(weights, folder(out, "shards"), "model.safetensors", save_file)
    torch.save(torch_weights, folder(out, "torch") + "pytorch_model.bin")
    save_shards(torch_weights, folder(out, "torch_shards"), "pytorch_model.bin", torch.save)
    for name, dtype in (("one", torch.float32), ("f16", torch.float16), ("bf16", torch.bfloat16)):
        stored = {key: value.to(dtype) for key, value in weights.items()}
        if name != "one":
            save_file(stored, folder(out, name) + "model.safetensors")
        if name == "bf16":
            torch.save({key: torch.nn.Parameter(value) for key, value in stored.items()}, folder(out, "torch_bf16") + "pytorch_model.bin")
        for kind, request in requests.items():
            save_file(Model(stored).expected(request), f"{out}/{name}.{kind}")


main(sys.argv[1], int(sys.argv[2]))
