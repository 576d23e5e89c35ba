"""compile.py: what torch.compile makes of models: graphs and breaks must not depend on the helper. Prints them, and what was computed."""
import os
import sys
import warnings

warnings.simplefilter("ignore")
import torch  # noqa: E402
import torch._dynamo  # noqa: E402
import transformers  # noqa: E402
import transformers.generation.utils  # noqa: E402,F401: once, for all processes
from transformers import AutoModelForCausalLM, DynamicCache  # noqa: E402,F401

import models  # noqa: E402
import modes  # noqa: E402

transformers.logging.set_verbosity_error()
torch.set_num_threads(1)


def in_place(m):
    for layer in m.model.layers:
        layer.compile(backend="eager")
    return m


def forward(m):
    m.forward = torch.compile(m.forward, backend="eager")
    return m


def whole(m):
    m.compile(backend="eager")
    return m


def attention(m):
    for layer in m.model.layers:
        layer.self_attn.compile(backend="eager")
    return m


def called(make):
    def run(m):
        with torch.no_grad():
            return make(m)(input_ids=models.request("olmoe")["input_ids"], use_cache=False).logits.double().sum().item().hex()
    return run


def generated(make):
    return lambda m: [modes.generate(make(m), models.request("olmoe")) for _ in range(2)]


WAYS = {
    "in_place": generated(in_place), "forward": generated(forward), "whole": generated(whole),
    "attention": generated(attention),
    "fullgraph": called(lambda m: torch.compile(m, fullgraph=True, backend="eager")),
    "fullgraph_call": called(lambda m: torch.compile(m.__call__, fullgraph=True, backend="eager")),
    "fullgraph_lambda": called(lambda m: torch.compile(lambda **k: m(**k), fullgraph=True, backend="eager")),
}
for way in sys.argv[1:] or WAYS:
    pid = os.fork()
    if pid == 0:
        try:
            out = WAYS[way](models.make("olmoe"))
        except Exception as error:
            out = f"{type(error).__name__}: {str(error)[:80]}"
        counters = torch._dynamo.utils.counters
        print(way, out, "graphs", counters["stats"].get("unique_graphs"), "breaks", sorted(counters["graph_break"].values()), flush=True)
        os._exit(0)
    os.waitpid(pid, 0)
