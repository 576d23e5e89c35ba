#!/usr/bin/env python3
"""Makes a request file for run_native from an image and a prompt, as MolmoE's own processor does.

The image is resized and padded to a grid of up to 12 crops of 336x336 pixels that overlap by 8 patches
("overlap-and-resize-c2"), besides one crop of the whole image. The prompt becomes " User: PROMPT Assistant:". Tokens are those of
the checkpoint's tokenizer.json. Like the public processor, it does not turn images by their EXIF orientation.

Needs numpy, PyTorch, Pillow and Hugging Face's tokenizers.
"""
import argparse
import json
import os
import struct
import sys

CROP, PATCH, MARGIN, MAX_CROPS, POOL = 336, 14, 4, 12, 2  # pixels, pixels, patches on each side, crops, patches
WINDOW = CROP - 2 * MARGIN * PATCH  # pixels from one crop to the next
SIDE = CROP // PATCH // POOL  # features of a crop: SIDE x SIDE
MEAN, DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)  # CLIP's
# Fields of preprocessor_config.json, which must say the same.
FIXED = {
    "base_image_input_size": [CROP, CROP], "image_patch_size": PATCH, "max_crops": MAX_CROPS, "overlap_margins": [MARGIN, MARGIN],
    "image_token_length_h": SIDE, "image_token_length_w": SIDE, "image_mean": list(MEAN), "image_std": list(DEVIATION),
    "image_padding_mask": True, "do_normalize": True,
}


class Refused(Exception):
    pass


def printable(text):
    """Names from files are data: what is no character to print becomes '?'."""
    return "".join(c if c.isprintable() else "?" for c in text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


def choose_grid(height, width):
    """The rows and columns of crops that need the least enlargement of the image, or else the least reduction; ties: the fewest
    crops, then the fewest rows. Numbers are float32, as in the processor."""
    grids = [(r, c) for r in range(1, MAX_CROPS + 1) for c in range(1, MAX_CROPS // r + 1)]
    grids.sort(key=lambda grid: (grid[0] * grid[1], grid[0]))
    margin = 2 * MARGIN * PATCH
    inner = np.array([height - margin, width - margin], np.float32)
    with np.errstate(divide="ignore"):
        scales = (np.array(grids, np.float32) * np.float32(WINDOW) / inner).min(axis=1)
    enlarging = scales >= 1
    if not enlarging.any():
        return grids[int(np.argmax(scales))]
    return grids[int(np.argmin(np.where(enlarging, scales, np.float32(10e9))))]


def fit_image(pixels, height, width):
    """Resizes to fit into height x width, centred on black, and normalises. Also returns which pixels are of the image."""
    h, w = (np.float32(n) for n in pixels.shape[:2])
    scale = min(np.float32(width) / w, np.float32(height) / h)
    size = [int(h * scale), int(w * scale)]
    if min(size) < 1:
        raise Refused(f"an image of {pixels.shape[1]}x{pixels.shape[0]} pixels is too narrow: one side would vanish")
    values = torch.from_numpy(pixels).permute(2, 0, 1).to(torch.float32) / 255
    if size != list(pixels.shape[:2]):
        values = torch.nn.functional.interpolate(
            values.unsqueeze(0), size=size, mode="bilinear", align_corners=False, antialias=True).squeeze(0)
    values = values.clip(0, 1).permute(1, 2, 0).numpy()
    top, left = (height - size[0]) // 2, (width - size[1]) // 2
    fitted, inside = np.zeros((height, width, 3), np.float32), np.zeros((height, width), np.float32)
    fitted[top : top + size[0], left : left + size[1]] = values
    inside[top : top + size[0], left : left + size[1]] = 1
    fitted -= np.array(MEAN, np.float32)
    fitted /= np.array(DEVIATION, np.float32)
    return fitted, inside


def cut_patches(block):
    """[336, 336, ...] as [576 patches, values of a patch]"""
    side = CROP // PATCH
    return block.reshape(side, PATCH, side, PATCH, -1).swapaxes(1, 2).reshape(side * side, -1)


def token_grid(rows, columns, ids):
    """The tokens of an image: each row of features ends with a token of its own."""
    row = [ids["<im_patch>"]] * columns + [ids["<im_col>"]]
    return [ids["<im_start>"]] + row * rows + [ids["<im_end>"]]


def kept_features(index, count):
    """Along one side: the features of crop `index` of `count` that no other crop has, but for those in the overlap's other half."""
    half = MARGIN // POOL
    return range(0 if index == 0 else half, SIDE if index == count - 1 else SIDE - half)


def prepare_image(pixels, ids):
    """Tensors of an image [height, width, 3] uint8: crops, masks, and for each feature of a crop its place among the image's tokens
    (-100: none), with those tokens."""
    rows, columns = choose_grid(*pixels.shape[:2])
    margin, step = 2 * MARGIN * PATCH, WINDOW // PATCH // POOL
    fitted, inside = fit_image(pixels, rows * WINDOW + margin, columns * WINDOW + margin)
    crops, masks = [cut_patches(fit_image(pixels, CROP, CROP)[0])], []
    tokens = token_grid(SIDE, SIDE, ids)
    whole = 1 + np.arange(SIDE)[:, None] * (SIDE + 1) + np.arange(SIDE)
    places = [whole.reshape(-1)]
    start, width = len(tokens) + 1, columns * step + 2 * MARGIN // POOL
    tokens += token_grid(rows * step + 2 * MARGIN // POOL, width, ids)
    for r in range(rows):
        for c in range(columns):
            window = np.s_[r * WINDOW : r * WINDOW + CROP, c * WINDOW : c * WINDOW + CROP]
            crops.append(cut_patches(fitted[window]))
            masks.append(cut_patches(inside[window]).mean(axis=1))
            place = np.full((SIDE, SIDE), -100, np.int64)
            for y in kept_features(r, rows):
                for x in kept_features(c, columns):
                    place[y, x] = start + (r * step + y) * (width + 1) + c * step + x
            places.append(place.reshape(-1))
    # The processor gives the whole image's crop the mask of the first one, and so on; the last crop gets -1.
    masks.append(np.full(masks[0].shape, -1, np.float32))
    return {"images": np.stack(crops), "image_masks": np.stack(masks), "image_input_idx": np.stack(places)}, tokens, (rows, columns)


def read_json(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError) as error:
        raise Refused(f"cannot read {path}: {error}") from None


class Vocabulary:
    """The tokenizer of a checkpoint's directory, with the ids of its special tokens."""

    def __init__(self, folder):
        path = os.path.join(folder, "tokenizer.json")
        if not os.path.exists(path):
            raise Refused(f"{folder} has no tokenizer.json: give the directory of a downloaded checkpoint with --checkpoint")
        try:
            self.tokenizer = tokenizers.Tokenizer.from_file(path)
        except Exception as error:
            raise Refused(f"{path} is no tokenizer: {error}") from None
        special = os.path.join(folder, "special_tokens_map.json")
        names = read_json(special) if os.path.exists(special) else {}
        first = names.get("bos_token") or names.get("eos_token") or "<|endoftext|>"
        self.first = first["content"] if isinstance(first, dict) else first
        self.ids = {}
        for name in (self.first, "<im_start>", "<im_end>", "<im_patch>", "<im_col>"):
            self.ids[name] = self.tokenizer.token_to_id(name)
            if self.ids[name] is None:
                raise Refused(f"{path} has no token {name}: it is not the tokenizer of a Molmo model")

    def prompt(self, text):
        return self.tokenizer.encode(f" User: {text} Assistant:", add_special_tokens=False).ids


def check_preprocessor(folder):
    path = os.path.join(folder, "preprocessor_config.json")
    found = read_json(path) if os.path.exists(path) else {}
    for name, only in FIXED.items():
        if name in found and found[name] != only:
            raise Refused(f"{path}: field {name} is {json.dumps(found[name])}: only {json.dumps(only)} is computed")


def load_pixels(path):
    try:
        with PIL.Image.open(path) as image:
            return np.array(image.convert("RGB"))
    except Exception as error:
        raise Refused(f"cannot read the image {path}: {error}") from None


def is_request(path):
    try:
        with open(path, "rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            return length < 1 << 20 and "input_ids" in json.loads(file.read(length))
    except (OSError, ValueError, struct.error):
        return False


def write_request(path, tensors):
    """A safetensors file, under its name only once it is complete."""
    if os.path.lexists(path) and not is_request(path):
        raise Refused(f"{path} exists and is no request: give another name")
    names = {np.dtype(np.float32): "F32", np.dtype(np.int64): "I64"}
    header, body = {}, b""
    for name, values in tensors.items():
        data = np.ascontiguousarray(values).tobytes()
        header[name] = {"dtype": names[values.dtype], "shape": list(values.shape), "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    temporary = f"{path}.part.{os.getpid()}"
    try:
        with open(temporary, "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text + body)
        os.replace(temporary, path)
    except OSError as error:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise Refused(f"cannot write {path}: {error.strerror}") from None


def prepare(options):
    check_preprocessor(options.checkpoint)
    vocabulary = Vocabulary(options.checkpoint)
    prompt = vocabulary.prompt(options.prompt)
    tensors, tokens, report = {}, [], []
    if options.image is not None:
        pixels = load_pixels(options.image)
        image, tokens, grid = prepare_image(pixels, vocabulary.ids)
        image["image_input_idx"] = np.where(image["image_input_idx"] >= 0, image["image_input_idx"] + 1, image["image_input_idx"])
        tensors = {**image, "image_size": np.array(pixels.shape[:2], np.int64)}
        report.append(f"image   {pixels.shape[1]}x{pixels.shape[0]} pixels, {grid[0]}x{grid[1]} crops and the whole: {len(tokens)} tokens")
    tensors["input_ids"] = np.array([vocabulary.ids[vocabulary.first], *tokens, *prompt], np.int64)
    pieces = " ".join(f"{i}:{json.dumps(vocabulary.tokenizer.decode([i]), ensure_ascii=False)}" for i in prompt)
    report.append(f"prompt  {len(prompt)} tokens: {printable(pieces)}")
    report.append(f"all     {len(tensors['input_ids'])} tokens, the first is {vocabulary.first}")
    return tensors, report


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Makes a request file for run_native, as the model's own processor does.", allow_abbrev=False)
    parser.add_argument("--checkpoint", metavar="DIR", required=True, help="the directory with the model's tokenizer.json")
    parser.add_argument("--image", metavar="FILE", help="an image; without one the request is text only")
    parser.add_argument("--prompt", metavar="TEXT", required=True)
    parser.add_argument("-o", "--output", metavar="FILE", help="the request, a safetensors file")
    parser.add_argument("--print", action="store_true", help="show what image and prompt become")
    options = parser.parse_args(arguments)
    if options.output is None and not options.print:
        parser.error("give -o FILE, --print or both")
    global PIL, np, tokenizers, torch
    try:
        import numpy as np
        import PIL.Image
        import tokenizers
        if options.image is not None:
            import torch
    except ImportError as error:
        raise Refused(f"{error}: install numpy, torch, pillow and tokenizers") from None
    tensors, report = prepare(options)
    if options.output is not None:
        write_request(options.output, tensors)
    if options.print:
        print("\n".join(report))


if __name__ == "__main__":
    try:
        main()
    except Refused as refused:
        print(f"prepare_request.py: {printable(str(refused))}", file=sys.stderr)
        sys.exit(2)
