"""experiment.py prepare REPOSITORY FOLDER: a folder in which molmo_hf's exp_moe_topk.py runs at a tiny size.
experiment.py compare DUMP RESULTS WARMUP: what the trace and the experiment say of the same requests, against each other."""
import json
import os
import re
import statistics
import sys


def prepare(repository, folder):
    import torch
    os.makedirs(f"{folder}/configs/model")
    os.makedirs(f"{folder}/checkpoints")
    os.symlink(os.path.abspath(f"{repository}/configs/tokenizer"), f"{folder}/configs/tokenizer")
    config = json.load(open(f"{repository}/configs/model/config.json"))
    config.update(d_model=64, n_heads=4, n_layers=4, moe_num_experts=8, moe_top_k=4, max_crops=2, vit_layers=[-1], init_device=None)
    config["vision_backbone"].update(image_mlp_dim=64, image_num_layers=1)
    json.dump(config, open(f"{folder}/configs/model/config.json", "w"))
    torch.save({}, f"{folder}/checkpoints/pytorch_model.bin")


def requests_of(dump):
    """Each request's first range of each phase and layer, as [start, end] in ms."""
    stack, found = [], []
    for line in dump:
        kind, _, rest = line.partition(" ")
        if kind not in ("push", "pop"):
            continue
        time = int(re.search(r"time=(\d+)", rest)[1]) / 1e6
        if kind == "push":
            name = re.search(r'name="([^"]*)"', rest)[1]
            if name.startswith(("sample.", "warmup.")):
                found.append({})
            span = [time, None]
            stack.append(span)
            if found:
                found[-1].setdefault(name, span)
        else:
            stack.pop()[1] = time
    return found


def compare(dump, results, warmup):
    results, requests = json.load(open(results)), iter(requests_of(open(dump)))
    differences, phases = {"vision": [], "prefill": [], "decode": []}, 0
    for entry in results["summary"]:
        for _ in range(warmup):
            next(requests)
        for sample in (s for s in results["all_samples"] if s["top_k"] == entry["top_k"]):
            request = next(requests)
            layers = [request[n] for n in sorted(request) if n.startswith("layer.")]
            for phase, field in (("vision", "T_vision"), ("decode", "T_LLM_decode")):
                start, end = request[phase]
                differences[phase].append((end - start) / sample[field] - 1)
            if layers:  # a profiled request
                phases += 1
                differences["prefill"].append((layers[-1][1] - layers[0][1]) / sample["T_LLM_prefill"] - 1)
    assert next(requests, None) is None and phases, "requests"
    for phase, limit in (("vision", 0.01), ("prefill", 0.005), ("decode", 0.01)):
        found = statistics.median(differences[phase])
        print(f"{phase}: {100 * found:+.3f} % of the experiment's")
        assert abs(found) <= limit, (phase, differences[phase])


if __name__ == "__main__":
    prepare(*sys.argv[2:]) if sys.argv[1] == "prepare" else compare(sys.argv[2], sys.argv[3], int(sys.argv[4]))
