"""A target whose CUDA graphs PyTorch and transformers make: graph_torch.py WAY [count FILE]
WAY: compile (torch.compile with mode="reduce-overhead", layers compiled each by itself), generate (transformers' generate
with a static cache, which compiles the decode step so), decode (a decode step with a static cache, captured by hand, with
ranges from hooks). With `count`, requests run under torch.profiler and their kernels are counted into FILE, as JSON of
lists: each request's kernel names."""
import json
import os
import sys

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
import torch

way, count = sys.argv[1], sys.argv[3] if len(sys.argv) > 3 else None
nvtx = torch.cuda.nvtx
REQUESTS, LAYERS = 12, 3
torch.manual_seed(0)


def ignore(_):
    """A hook's result would take the place of the module's."""


def mlp():
    return torch.nn.Sequential(torch.nn.Linear(256, 512), torch.nn.GELU(), torch.nn.Linear(512, 256), torch.nn.LayerNorm(256))


def model_of():
    from transformers import LlamaConfig, LlamaForCausalLM
    config = LlamaConfig(vocab_size=1000, hidden_size=256, intermediate_size=512, num_hidden_layers=LAYERS, num_attention_heads=4,
                         num_key_value_heads=4, max_position_embeddings=256, pad_token_id=0, bos_token_id=1, eos_token_id=None)
    return LlamaForCausalLM(config).to("cuda", torch.bfloat16).eval()


def compiled():
    layers = [torch.compile(mlp().cuda(), mode="reduce-overhead") for _ in range(LAYERS)]
    x = torch.randn(8, 256, device="cuda")

    @torch.no_grad()
    def step():
        y = x
        torch.compiler.cudagraph_mark_step_begin()
        for i, layer in enumerate(layers):
            nvtx.range_push(f"layer.{i}")
            y = layer(y)
            nvtx.range_pop()
        return y.clone()
    return step


def generated():
    model = model_of()
    tokens = torch.randint(2, 1000, (1, 16), device="cuda")

    def step():
        return model.generate(tokens, attention_mask=torch.ones_like(tokens), max_new_tokens=8, min_new_tokens=8, do_sample=False,
                              cache_implementation="static")
    return step


def captured():
    from transformers import StaticCache
    model = model_of()
    try:
        cache = StaticCache(config=model.config, max_cache_len=64)
    except TypeError:
        cache = StaticCache(model.config, 1, 64, device="cuda", dtype=torch.bfloat16)
    token, position = torch.full((1, 1), 5, device="cuda"), torch.tensor([20], device="cuda")
    for i, layer in enumerate(model.model.layers):
        layer.register_forward_pre_hook(lambda *_, i=i: ignore(nvtx.range_push(f"layer.{i}")))
        layer.register_forward_hook(lambda *_: ignore(nvtx.range_pop()))

    @torch.no_grad()
    def decode():
        arguments = dict(input_ids=token, past_key_values=cache, use_cache=True, position_ids=position[None])
        try:
            return model(cache_position=position, **arguments).logits
        except TypeError:
            return model(**arguments).logits
    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        for _ in range(3):
            decode()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    nvtx.range_push("capture")
    with torch.cuda.graph(graph):
        captured.logits = decode()
    nvtx.range_pop()

    def step():
        graph.replay()
        return captured.logits
    return step


step = {"compile": compiled, "generate": generated, "decode": captured}[way]()
for _ in range(4):
    step()
torch.cuda.synchronize()
if os.environ.get("MOETRACE_START") == "paused":
    torch.cuda.cudart().cudaProfilerStart()
counts = []
for i in range(REQUESTS if not count else 3):
    if count:
        profile = torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA])
        profile.start()
    nvtx.range_push("top_k=8")
    nvtx.range_push(f"sample.{i}")
    nvtx.range_push("decode")
    step()
    torch.cuda.synchronize()
    nvtx.range_pop()
    nvtx.range_pop()
    nvtx.range_pop()
    if count:
        profile.stop()
        profile.export_chrome_trace(count + ".trace")
        events = json.load(open(count + ".trace"))["traceEvents"]
        counts.append([e["name"] for e in events if e.get("cat") == "kernel"])
if count:
    os.remove(count + ".trace")
    json.dump(counts, open(count, "w"))
    print([len(names) for names in counts])
