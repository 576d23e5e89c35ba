"""faults.py: a fault in each function of the helper in turn, each in a process of its own: the program computes the same, and one line
says that the helper stopped. Prints how many functions were tried, and what differed."""
import os
import sys
import warnings

warnings.simplefilter("ignore")
import torch  # noqa: E402
import transformers  # noqa: E402
import transformers.generation.utils  # noqa: E402,F401: once, for all processes
from transformers import AutoModelForCausalLM, DynamicCache  # noqa: E402,F401

import models  # noqa: E402
import modes  # noqa: E402

transformers.logging.set_verbosity_error()
torch.set_num_threads(1)


def program():
    model, inputs = models.make("olmoe"), models.request("olmoe")
    return modes.generate(model, inputs, max_new_tokens=2, min_new_tokens=2), modes.loop(model, inputs["input_ids"], DynamicCache(), 2)


def functions():
    """(module, name) of each function, and each method as Class.name, but those that say that something went wrong."""
    for module in ("scan", "tokens", "phases", "calls", "discover", "state", "emit"):
        space = vars(sys.modules[f"_moetrace.{module}"])
        for name, value in list(space.items()):
            if isinstance(value, type) and value.__module__ == f"_moetrace.{module}":
                for method, f in list(vars(value).items()):
                    if hasattr(f, "__code__") and not method.startswith("__"):
                        yield module, name, method
            elif getattr(value, "__module__", None) == f"_moetrace.{module}" and hasattr(value, "__code__") and name != "fail":
                yield module, None, name


def boom(*_, **__):
    raise RuntimeError("a fault of the test's")


def run(function):
    module, cls, name = function
    where, calls = sys.modules[f"_moetrace.{module}"], sys.modules["_moetrace.calls"]
    setattr(getattr(where, cls) if cls else where, name, boom)
    for other in ("scan", "tokens", "phases", "calls", "discover", "state"):  # which imported it by name
        space = vars(sys.modules[f"_moetrace.{other}"])
        if not cls and name in space and other != module:
            space[name] = boom
    calls._around.update({kind: tuple(boom if f.__name__ == name else f for f in pair) for kind, pair in calls._around.items()})
    return program()


wanted, tried = repr(program()) if "_moetrace" not in sys.modules else None, 0
if wanted is not None:
    print(wanted)
    sys.exit()
for function in functions():
    pid = os.fork()
    if pid == 0:
        os.close(1)
        os.open(sys.argv[1] + f"/{'.'.join(str(p) for p in function)}", os.O_WRONLY | os.O_CREAT, 0o644)
        os.dup2(1, 2)
        print(run(function), flush=True)
        os._exit(0)
    tried += os.waitpid(pid, 0)[1] == 0
print(tried)
