"""python_olmoe.py run|static|count|cost IMPLEMENTATION LAYERS K,K... REQUESTS: OLMoE-1B-7B with random weights in bf16, generate() of 10
tokens from 326. run: so many requests of each k. static: the same with a static cache, so compiled with CUDA graphs (reduce-overhead).
count: as static, and torch.profiler says how many kernels the last request had. cost: at the last k, so many decode steps without the helper
and at each depth, in random order, and what each adds."""
import random
import statistics
import sys
import time
import warnings

warnings.simplefilter("ignore")
import torch  # noqa: E402
import transformers  # noqa: E402

transformers.logging.set_verbosity_error()
mode, implementation, layers, ks, requests = sys.argv[1], sys.argv[2], int(sys.argv[3]), [int(k) for k in sys.argv[4].split(",")], int(sys.argv[5])
begin = time.time()
config = transformers.OlmoeConfig(num_hidden_layers=layers, intermediate_size=1024)
with torch.device("meta"):
    model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
model.to_empty(device="cuda")
torch.manual_seed(0)
for name, p in model.named_parameters():
    p.data.fill_(1) if "norm" in name else p.data.normal_(0, 0.02)
model.model.rotary_emb = type(model.model.rotary_emb)(config).cuda()
model.eval()
model.set_experts_implementation(implementation)
ids = torch.randint(3, 50000, (1, 326), device="cuda")
print(f"{implementation}: model of {sum(p.numel() for p in model.parameters()) / 1e9:.1f} B parameters made in {time.time() - begin:.0f} s", flush=True)


def request():
    options = dict(cache_implementation="static") if mode in ("static", "count") else {}
    with torch.no_grad():
        return model.generate(input_ids=ids, max_new_tokens=10, min_new_tokens=10, do_sample=False, **options)


def count_kernels():
    """Kernels of one request, as torch.profiler counts them."""
    import json
    import tempfile
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        request()
        torch.cuda.synchronize()
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        profile.export_chrome_trace(file.name)
        events = json.load(open(file.name))["traceEvents"]
    return sum(e.get("cat") == "kernel" for e in events)


def set_k(k):
    for module in model.modules():
        if hasattr(module, "top_k") and isinstance(module.top_k, int):
            module.top_k = k


if mode != "cost":
    for k in ks:
        set_k(k)
        for _ in range(requests):
            out = request()
        print("k", k, out[0, -10:].tolist(), flush=True)
    torch.cuda.synchronize()
    if mode == "count":
        print("kernels of a request:", count_kernels(), flush=True)
    sys.exit()

import _moetrace.calls as calls  # noqa: E402
import _moetrace.state as state  # noqa: E402

set_k(ks[-1])
request()
request()
wrapped = {c: c.__dict__["__call__"] for c in calls._patched}
cache = transformers.DynamicCache()
with torch.no_grad():
    token = model(input_ids=ids, past_key_values=cache, use_cache=True).logits[:, -1:].argmax(-1)


def timed(label):
    """One decode step."""
    for c, w in wrapped.items():
        if label == "off":
            del c.__call__
        else:
            c.__call__ = w
    state.forced = {"off": 0, "phase": 1, "layer": 2, "expert": 3}[label]
    torch.cuda.synchronize()
    t = time.perf_counter()
    with torch.no_grad():
        model(input_ids=token, past_key_values=cache, use_cache=True)
    torch.cuda.synchronize()
    t = time.perf_counter() - t
    cache.crop(-1)
    for c, w in wrapped.items():
        c.__call__ = w
    return t * 1e3


times = {label: [] for label in ("off", "phase", "layer", "expert")}
for i in range(-10, requests):
    for label in random.sample(list(times), len(times)):
        t = timed(label)
        if i >= 0:
            times[label].append(t)
base = times["off"]
print(f"{implementation} k={ks[-1]}: a decode step without the helper {statistics.median(base):.3f} ms, {len(base)} of each in random order")
for label in ("phase", "layer", "expert"):
    adds = [a - b for a, b in zip(times[label], base)]
    error = 1.2533 * statistics.stdev(adds) / len(adds) ** 0.5
    print(f"  {label:7s} adds {statistics.median(adds) * 1e3:6.0f} +- {2 * error * 1e3:4.0f} us: x {1 + statistics.median(adds) / statistics.median(base):.4f}")
