"""modes.py MODE...: ways in which programs run a model, each in a process of its own. Prints what they computed."""
import copy
import io
import os
import sys
import threading
import warnings

warnings.simplefilter("ignore")
import torch  # noqa: E402
import torch.fx  # noqa: E402
import transformers  # noqa: E402
import transformers.generation.utils  # noqa: E402,F401: once, for all processes
from transformers import AutoModelForCausalLM, DynamicCache, StaticCache  # noqa: E402,F401

import models  # noqa: E402

transformers.logging.set_verbosity_error()
torch.set_num_threads(1)


def generate(model, inputs, **options):
    with torch.no_grad():
        return model.generate(**{**inputs, **dict(max_new_tokens=5, min_new_tokens=5, do_sample=False), **options}).tolist()


def loop(model, ids, cache=None, steps=4, **options):
    """A loop of the program's own."""
    out = []
    with torch.no_grad():
        for _ in range(steps):
            logits = model(input_ids=ids, past_key_values=cache, use_cache=cache is not None, **options).logits
            token = logits[:, -1:].argmax(-1)
            ids = token if cache is not None else torch.cat([ids, token], 1)
            out += token.flatten().tolist()
    return out


def static_loop(model, ids):
    cache, positions, out = StaticCache(config=model.config, max_cache_len=32), torch.arange(ids.shape[1])[None], []
    with torch.no_grad():
        for _ in range(4):
            ids = model(input_ids=ids, past_key_values=cache, use_cache=True, position_ids=positions).logits[:, -1:].argmax(-1)
            positions = positions[:, -1:] + 1
            out += ids.flatten().tolist()
    return out


def static_compiled(model, inputs):
    """A static cache for which generate() compiles the decode steps, as it does on a GPU."""
    from transformers.generation.configuration_utils import CompileConfig
    config = CompileConfig(backend="eager", mode=None, fullgraph=False)
    config._compile_all_devices = True
    return [generate(model, inputs, cache_implementation="static", compile_config=config) for _ in range(2)]


def two_models(model, inputs):
    """The second of two models that were made before any ran, in a loop of the program's own; then torch's Module is as it was."""
    other, cls = models.make("qwen3_moe"), torch.nn.Module
    out = generate(model, inputs), loop(other, inputs["input_ids"], DynamicCache())
    return out, "moetrace" in vars(cls.__call__)


def broken(model, inputs):
    """An exception inside a layer, twice; then a request as ever."""
    def boom(*_):
        raise ValueError("boom")
    hook, seen = model.model.layers[1].mlp.register_forward_hook(boom), []
    for _ in range(2):
        try:
            generate(model, inputs)
        except ValueError as error:
            seen.append(str(error))
    hook.remove()
    return seen, generate(model, inputs)


def in_threads(model, inputs):
    other, out = models.make("qwen3_moe"), {}

    def run(i, m):
        out[i] = [generate(m, inputs) for _ in range(3)]
    threads = [threading.Thread(target=run, args=(i, m)) for i, m in enumerate((model, other, model))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return [out[i] for i in range(3)]


def streamed(model, inputs):
    """A generator that is left half way, as a server does when its client goes."""
    from transformers import TextIteratorStreamer

    class Tokenizer:
        def decode(self, ids, **_):
            return "".join(f"{i} " for i in ids)
    streamer = TextIteratorStreamer(Tokenizer())
    thread = threading.Thread(target=lambda: generate(model, inputs, streamer=streamer))
    thread.start()
    first = next(iter(streamer))
    thread.join()
    return len(first) > 0, generate(model, inputs)


def kept_whole(model, inputs):
    """Copies, files and graphs of modules know nothing of the helper."""
    before = generate(model, inputs)
    saved = io.BytesIO()
    torch.save(model, saved)
    again = torch.load(io.BytesIO(saved.getvalue()), weights_only=False)
    class Stack(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = torch.nn.ModuleList([torch.nn.Linear(4, 4) for _ in range(2)])

        def forward(self, x):
            for layer in self.layers:
                x = layer(x)
            return x
    return (before == generate(copy.deepcopy(model), inputs) == generate(again, inputs), b"moetrace" in saved.getvalue(),
            [n.op for n in torch.fx.symbolic_trace(Stack()).graph.nodes], type(torch.jit.trace(Stack(), torch.ones(1, 4))).__name__,
            type(torch.jit.script(torch.nn.Sequential(torch.nn.Linear(4, 4)))).__name__)


def trained(model, inputs):
    model.train()
    loss = model(**inputs, labels=inputs["input_ids"]).loss
    loss.backward()
    return loss.item().hex()


def own_ranges(model, inputs):
    """The program's own NVTX ranges, around requests and in between."""
    nvtx = getattr(torch._C, "_nvtx", None)
    push, pop = (nvtx.rangePushA, nvtx.rangePop) if nvtx else (lambda _: None, lambda: None)
    push("mine")
    out = generate(model, inputs)
    pop()
    push("other")
    pop()
    return out


def own_requests(model, inputs):
    """A program that has the whole grammar of ranges itself."""
    push, pop = torch._C._nvtx.rangePushA, torch._C._nvtx.rangePop
    out = []
    for i in range(4):
        push("top_k=2")
        push(f"sample.{i}")
        push("decode")
        out.append(generate(model, inputs))
        pop()
        pop()
        pop()
    return out


def own_phases(model, inputs):
    """A program that marks its steps alone."""
    nvtx = torch._C._nvtx
    out = []
    for i in range(3):
        nvtx.rangePushA(f"decode.{i}")
        out.append(generate(model, inputs))
        nvtx.rangePop()
    return out, generate(model, inputs)


MODES = {
    "generate": generate,
    "static": lambda m, i: generate(m, i, cache_implementation="static"),
    "static_compiled": static_compiled,
    "two_models": two_models,
    "nocache": lambda m, i: generate(m, i, use_cache=False),
    "chunked": lambda m, i: generate(m, i, prefill_chunk_size=5),
    "beams": lambda m, i: generate(m, i, num_beams=3),
    "batch": lambda m, i: generate(m, dict(input_ids=i["input_ids"].repeat(4, 1))),
    "assisted": lambda m, i: generate(m, i, assistant_model=models.make("olmoe"), max_new_tokens=8, min_new_tokens=8),
    "prompt_lookup": lambda m, i: generate(m, i, prompt_lookup_num_tokens=3, max_new_tokens=8, min_new_tokens=8),
    "sampled": lambda m, i: (torch.manual_seed(3), generate(m, i, do_sample=True))[1],
    "loop": lambda m, i: [loop(m, i["input_ids"], DynamicCache()) for _ in range(2)],
    "loop_compiled": lambda m, i: loop(torch.compile(m, backend="eager"), i["input_ids"], DynamicCache()),
    "loop_static": lambda m, i: static_loop(m, i["input_ids"]),
    "loop_nocache": lambda m, i: loop(m, i["input_ids"]),
    "base": lambda m, i: m.model(**i).last_hidden_state.double().sum().item().hex(),
    "train": trained,
    "exception": broken,
    "threads": in_threads,
    "streamed": streamed,
    "kept_whole": kept_whole,
    "own_ranges": own_ranges,
    "own_requests": own_requests,
    "own_phases": own_phases,
}

if __name__ == "__main__":
    for mode in sys.argv[1:]:
        pid = os.fork()
        if pid == 0:
            print(mode, MODES[mode](models.make("olmoe"), models.request("olmoe")), flush=True)
            sys.exit(0)
        print(f"# {mode} {pid} {os.waitpid(pid, 0)[1]}", flush=True)
