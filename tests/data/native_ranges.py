#!/usr/bin/env python3
"""Checks a log of native_nvtx.c against the grammar of run_native's ranges (docs/run_native.md).

usage: native_ranges.py LOG MODE K,K,... WARMUP SAMPLES NEW_TOKENS LAYERS VIT_LAYERS EXPERTS PROMPT
"""
import json
import sys


def read(path):
    """The log as a tree: (name, payload or None, children). A mark is a leaf `mark NAME`."""
    root = ("", None, [])
    stack = [root]
    for line in open(path):
        words = line.split()
        if words[0] == "mark":
            stack[-1][2].append((line.strip(), None, []))
        elif words[0] == "push":
            node = (words[1], int(words[3]) if words[2] != "0" else None, [])
            stack[-1][2].append(node)
            stack.append(node)
        else:
            stack.pop()
            assert stack, "a pop too many"
    assert len(stack) == 1, f"{len(stack) - 1} ranges left open"
    return root[2]


def names(nodes):
    return [n[0] for n in nodes]


def check_step(nodes, mode, k, layers, experts, tokens):
    assert names(nodes) == ["embed"] + [f"layer.{i}" for i in range(layers)] + ["head"], names(nodes)
    for layer in nodes[1:-1]:
        assert names(layer[2]) == ["attention", "moe"], names(layer[2])
        router, *visited = layer[2][1][2]
        assert router[0] == "router"
        numbers = [int(n.removeprefix("expert.")) for n in names(visited)]
        assert numbers == sorted(set(numbers)), numbers
        routed = [n[1] for n in visited]
        assert sum(routed) == tokens * k, routed
        if mode == "loop":
            assert numbers == list(range(experts)), numbers
        else:
            assert min(routed) > 0, routed
        assert all(n[1] is None for n in nodes) and all(not n[2] for n in visited)


def main():
    mode = sys.argv[2]
    ks = [int(k) for k in sys.argv[3].split(",")]
    warmup, samples, new, layers, vit, experts, prompt = (int(a) for a in sys.argv[4:])
    tops = read(sys.argv[1])
    visits = [f"top_k={k}" for k in ks]
    assert tops[1][0].startswith("mark model={"), tops[1][0]
    del tops[1]
    assert names(tops) == ["mark watch off"] + visits + ["mark watch on"] + visits, names(tops)
    tops = [n for n in tops if not n[0].startswith("mark")]
    first = range((samples + 1) // 2)
    rounds = [first] * len(ks) + [range(len(first), samples)] * len(ks)
    for k, top, mine in zip(ks + ks, tops, rounds):
        wanted = [f"warmup.{i}" for i in range(warmup)] + [f"sample.{i}" for i in mine]
        assert names(top[2]) == wanted, names(top[2])
        for request in top[2]:
            mark, *phases = request[2]
            assert mark[0].startswith("mark request="), mark[0]
            said = json.loads(mark[0].removeprefix("mark request="))
            assert said.pop("name") and said.pop("crops") > 0, mark[0]
            assert said == {"request": 0, "prompt_tokens": prompt, "new_tokens": new}, mark[0]
            assert names(phases) == ["vision", "prefill", "decode"], names(phases)
            vision, prefill, decode = (n[2] for n in phases)
            assert names(vision) == [f"vit.{i}" for i in range(vit)] + ["pool", "project"], names(vision)
            check_step(prefill, mode, k, layers, experts, prompt)
            assert names(decode) == [f"decode.{i}" for i in range(new - 1)], names(decode)
            for step in decode:
                check_step(step[2], mode, k, layers, experts, 1)


main()
