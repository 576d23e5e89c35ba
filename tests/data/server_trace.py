"""Writes a Chrome trace of a server's steps, as torch.profiler writes them, and prints what must come out of it, as JSON.

  server_trace.py vllm|sglang|tensorrt SEED STEPS FILE [COST [MARK]]

COST is added to each step, in us; MARK is the text of a mark before the first step. Each step holds two layers with the ranges of layerwise hooks, of which the experts are fused; one kernel is launched in each module. The sums are
computed from the description, not from the file.
"""
import json
import random
import sys
from collections import defaultdict

PARTS = [("self_attn", "attention"), ("mlp.gate", "router"), ("mlp.experts", "expert"), ("mlp.shared_expert", "shared_expert"),
         ("input_layernorm", "norm"), ("mlp", "other")]


def step_name(engine, contexts, tokens, decodes):
    if engine == "vllm":
        return f"execute_context_{contexts}({tokens})_generation_{decodes}({decodes})"
    if engine == "sglang":
        if contexts and decodes:
            return f"step[MIXED bs={contexts + decodes} toks={tokens + decodes}]"
        return f"step[EXTEND bs={contexts} toks={tokens}]" if contexts else f"step[DECODE bs={decodes}]"
    return f"[Executor] _forward_step 7: {contexts} ctx reqs, {decodes} gen reqs"


def main():
    engine, seed, steps, path = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    cost = int(sys.argv[5]) if len(sys.argv) > 5 else 0
    draw = random.Random(seed)
    events, now, correlation = [], 1000, 1
    latency = defaultdict(list)
    parts = defaultdict(int)
    shapes = defaultdict(list)

    def launch(at, ns):
        nonlocal correlation
        events.append({"ph": "X", "cat": "cuda_runtime", "name": "cudaLaunchKernel", "pid": 1, "tid": 1, "ts": at, "dur": 2,
                       "args": {"correlation": correlation}})
        events.append({"ph": "X", "cat": "kernel", "name": "fused_moe_kernel", "pid": 0, "tid": 7, "ts": at + 3, "dur": ns / 1000,
                       "args": {"correlation": correlation, "device": 0, "stream": 7}})
        correlation += 1

    def annotate(name, begin, end):
        events.append({"ph": "X", "cat": "user_annotation", "name": name, "pid": 1, "tid": 1, "ts": begin, "dur": end - begin})

    if len(sys.argv) > 6:
        events.append({"ph": "i", "cat": "user_annotation", "name": sys.argv[6], "pid": 1, "tid": 1, "ts": 1, "s": "t"})
    for _ in range(steps):
        contexts, decodes = draw.choice([(0, 1), (0, 3), (0, 8), (1, 0), (2, 0), (1, 5)])
        tokens = sum(draw.randrange(1, 900) for _ in range(contexts))
        phase = "mixed" if contexts and decodes else "prefill" if contexts else "decode"
        begin, now = now, now + 10
        for layer in range(2):
            for module, part in PARTS:
                ns = draw.randrange(1000, 9000)
                text = f"{{'Module': 'model.layers.{layer}.{module}', 'TrainableParams': {{'weight': [64, 2048, 1408]}}, 'Inputs': [[{tokens}, 2048]]}}"
                launch(now + 1, ns)
                annotate(text, now, now + 20)
                annotate(text.split(", 'Train")[0] + f", 'Outputs': [[{tokens}, 2048]]}}", now + 20, now + 21)
                parts[f"{phase} {layer} {part}"] += ns
                now += 30
        now += draw.randrange(1, 50) + cost
        annotate(step_name(engine, contexts, tokens, decodes), begin, now)
        latency[phase].append((now - begin) / 1000)
        counted = tokens if phase == "prefill" and engine != "tensorrt" else contexts + decodes
        shapes[f"{phase} {counted}"].append((now - begin) / 1000)
        now += 100
    with open(path, "w", encoding="utf-8") as f:
        json.dump({"schemaVersion": 1, "traceEvents": events}, f)
    json.dump({"latency": latency, "parts": parts, "shapes": shapes}, sys.stdout)


if __name__ == "__main__":
    main()
