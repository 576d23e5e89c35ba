#!/usr/bin/env python3
"""Tests scripts/prepare_request.py.

usage: native_prepare.py vocabulary DIR        a directory with a small tokenizer, in which the tokens of a prompt have the ids that
                                               the default request of run_native has
       native_prepare.py image FILE WxH KIND   a picture: noise, blue, grey, rgba or turned (by its EXIF orientation)
       native_prepare.py check DIR WxH.KIND...  such pictures through the script, with the vocabulary in DIR
"""
import hashlib
import importlib.util
import json
import struct
import sys

import numpy as np
import PIL.Image
import tokenizers

IDS = {"<|endoftext|>": 50279, "<im_start>": 50280, "<im_end>": 50281, "<im_patch>": 50282, "<im_col>": 50283}
WORDS = {" User": 11447, ":": 27, " Desc": 3666, " ribe": 19268, " this": 436, " image": 2460, ".": 15, " Assistant": 17762, "?": 0}
# Of the layout of tokens, the places of features and the masks that the public processor made of images of these sizes, the first
# 24 digits of SHA-256.
LAYOUTS = {
    "336x336": "b516b6b01b3f085e68aef05d",
    "640x480": "fbd0bb2b10ecc71d0e0611a9",
    "1200x300": "41df27ea8bc0cf4a3ffc23d6",
    "300x1200": "20a04cfac7b64a3ea06852f3",
    "2000x1500": "e17bcbe4a1ec25c1881049ed",
    "17x900": "5fd6759488c4870c1d84826e",
    "900x17": "80300e0303b97a60bc5bb7de",
    "337x335": "82fb8d8d20e7a5e5cfe383eb",
    "3000x200": "f895c77e60a482be05b67f43",
}
# The rows and columns of crops of those.
GRIDS = {"336x336": (1, 1), "640x480": (2, 3), "1200x300": (1, 5), "300x1200": (5, 1), "2000x1500": (3, 4), "17x900": (1, 1),
         "900x17": (1, 1), "337x335": (1, 2), "3000x200": (1, 12)}
MEAN, DEVIATION = np.array([0.48145466, 0.4578275, 0.40821073]), np.array([0.26862954, 0.26130258, 0.27577711])


def make_vocabulary(folder):
    model = tokenizers.models.WordLevel({**WORDS, **IDS}, unk_token="?")
    made = tokenizers.Tokenizer(model)
    made.pre_tokenizer = tokenizers.pre_tokenizers.Split(tokenizers.Regex(r" ?\w+|[^\w\s]"), "isolated")
    made.save(folder + "/tokenizer.json")


def make_image(path, size, kind):
    width, height = (int(n) for n in size.split("x"))
    rng = np.random.default_rng(width)
    y, x = np.mgrid[0:height, 0:width]
    waves = np.stack([128 + 90 * np.sin(x / 9 + c) * np.cos(y / 13 - c) for c in range(4)], -1) + rng.integers(0, 30, (height, width, 4))
    pixels = waves.astype(np.uint8)
    made = {"noise": lambda: PIL.Image.fromarray(pixels[..., :3]), "turned": lambda: PIL.Image.fromarray(pixels[..., :3]),
            "grey": lambda: PIL.Image.fromarray(pixels[..., 0]), "rgba": lambda: PIL.Image.fromarray(pixels),
            "blue": lambda: PIL.Image.new("RGB", (width, height), (0, 0, 255))}[kind]()
    exif = made.getexif()
    if kind == "turned":
        exif[0x112] = 6
    made.save(path, exif=exif)


def resize_weights(before, after):
    """Rows of a triangle filter over the old pixels that is as wide as one new pixel, or one old one where those are wider."""
    scale = before / after
    reach = max(scale, 1.0)
    centres = (np.arange(after) + 0.5) * scale
    weights = np.maximum(0, 1 - np.abs(np.arange(before) + 0.5 - centres[:, None]) / reach)
    return weights / weights.sum(1, keepdims=True)


def fit(pixels, height, width):
    scale = min(np.float32(height) / np.float32(pixels.shape[0]), np.float32(width) / np.float32(pixels.shape[1]))
    h, w = (int(np.float32(n) * scale) for n in pixels.shape[:2])
    values = np.einsum("hy,yxc,wx->hwc", resize_weights(pixels.shape[0], h), pixels / 255.0, resize_weights(pixels.shape[1], w), optimize=True)
    out = np.zeros((height, width, 3))
    top, left = (height - h) // 2, (width - w) // 2
    out[top : top + h, left : left + w] = values
    return (out - MEAN) / DEVIATION


def as_pixels(patches):
    return patches.reshape(24, 24, 14, 14, 3).transpose(0, 2, 1, 3, 4).reshape(336, 336, 3)


def load(path):
    raw = open(path, "rb").read()
    (length,) = struct.unpack("<Q", raw[:8])
    types = {"F32": np.float32, "I64": np.int64}
    return {name: np.frombuffer(raw[slice(*(8 + length + o for o in e["data_offsets"]))], types[e["dtype"]]).reshape(e["shape"])
            for name, e in json.loads(raw[8 : 8 + length]).items()}


def check_request(path, image, size):
    request = load(path)
    pixels = np.array(PIL.Image.open(image).convert("RGB"))
    assert request["image_size"].tolist() == list(pixels.shape[:2])
    kinds = dict(zip(IDS.values(), "-SEpc"))
    layout = "".join(kinds.get(i, "-") for i in request["input_ids"].tolist())
    digest = hashlib.sha256(layout.encode() + request["image_input_idx"].tobytes() + request["image_masks"].tobytes())
    assert digest.hexdigest()[:24] == LAYOUTS[size], digest.hexdigest()
    rows, columns = GRIDS[size]
    whole, crops = as_pixels(request["images"][0]), [as_pixels(crop) for crop in request["images"][1:]]
    assert len(crops) == rows * columns, request["images"].shape
    wide = fit(pixels, rows * 224 + 112, columns * 224 + 112)
    worst = np.abs(whole - fit(pixels, 336, 336)).max()
    for i, crop in enumerate(crops):
        y, x = i // columns * 224, i % columns * 224
        worst = max(worst, np.abs(crop - wide[y : y + 336, x : x + 336]).max())
    # Weights are float32 there, from places of up to 3,000 pixels.
    assert worst < 1e-3, worst
    return worst


def check(folder, *cases):
    spec = importlib.util.spec_from_file_location("prepare_request", "scripts/prepare_request.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    for case in cases:
        size, kind = case.split(".")
        image = f"{folder}/{case}.{'jpg' if kind == 'turned' else 'png'}"
        make_image(image, size, kind)
        script.main(["--checkpoint", folder, "--image", image, "--prompt", "Desc ribe this image.", "-o", folder + "/request"])
        print(f"{case}: largest error {check_request(folder + '/request', image, size):.3g}")


{"vocabulary": make_vocabulary, "image": make_image, "check": check}[sys.argv[1]](*sys.argv[2:])
