"""sweep.py NAME[:IMPLEMENTATION]...: for each model, in a process of its own, two requests at each of three k. Prints the ids that were
generated, which must not depend on the recorder, and the process whose trace the model's is."""
import os
import sys
import warnings

warnings.simplefilter("ignore")
import torch  # noqa: E402
import transformers  # noqa: E402
import transformers.generation.utils  # noqa: E402,F401: once, for all processes
from transformers import AutoModelForCausalLM  # noqa: E402,F401

import models  # noqa: E402

transformers.logging.set_verbosity_error()
torch.set_num_threads(1)


def run(name, implementation):
    model, inputs = models.make(name), models.request(name)
    if implementation:
        model.set_experts_implementation(implementation)
    for k in (1, 2, 4):
        for module, attribute in models.k_holders(model):
            setattr(module, attribute, k)
        for _ in range(2):
            with torch.no_grad():
                out = model.generate(**inputs, max_new_tokens=4, min_new_tokens=4, do_sample=False, output_logits=True,
                                     return_dict_in_generate=True)
        print(name, implementation, k, out.sequences[0, -4:].tolist(), *(x.double().sum().item().hex() for x in out.logits), flush=True)


for argument in sys.argv[1:]:
    name, _, implementation = argument.partition(":")
    pid = os.fork()
    if pid == 0:
        run(name, implementation)
        sys.exit(0)
    status = os.waitpid(pid, 0)[1]
    print(f"# {argument} {pid} {status}", flush=True)
