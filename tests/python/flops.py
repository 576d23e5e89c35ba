"""flops.py OUT NAME...: for each model, its sizes as the helper finds them, into OUT/NAME.json, and FLOPs of a prefill of 12 tokens and of
the decode step after it, as PyTorch's FlopCounterMode counts them."""
import json
import sys
import warnings

warnings.simplefilter("ignore")
import torch  # noqa: E402
import transformers  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

import models  # noqa: E402

transformers.logging.set_verbosity_error()
torch.set_num_threads(1)
scan, shapes = sys.modules["_moetrace.scan"], sys.modules["_moetrace.shapes"]
for name in sys.argv[2:]:
    model, ids = models.make(name), models.request(name)["input_ids"]
    model.set_attn_implementation("eager")
    model.set_experts_implementation("eager")
    counts, cache = [], transformers.DynamicCache()
    for query in (ids, ids[:, -1:]):
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            model(input_ids=query, past_key_values=cache, use_cache=True, logits_to_keep=1)
        rotary = sum(sum(ops.values()) for path, ops in counter.get_flop_counts().items() if path.endswith("rotary_emb"))
        counts.append(counter.get_total_flops() - rotary)  # the positions' angles are no part of the cost model
    described = shapes.describe([m for m in scan.models if m.root() is model][0])
    if described is not None:
        json.dump(described["config"], open(f"{sys.argv[1]}/{name}.json", "w"))
    print(name, *counts)
