"""plain.py: the package by itself: moetrace.annotate(model) and moetrace.request(). Prints what the model computes."""
import sys
import warnings

warnings.simplefilter("ignore")
sys.path.insert(0, "python")
import torch  # noqa: E402
import transformers  # noqa: E402

import models  # noqa: E402
import modes  # noqa: E402
import moetrace  # noqa: E402

transformers.logging.set_verbosity_error()
torch.set_num_threads(1)
model, inputs = models.make("olmoe"), models.request("olmoe")
assert moetrace.annotate(model) is model
print(modes.generate(model, inputs))
for _ in range(2):
    with moetrace.request():
        print(modes.loop(model, inputs["input_ids"], transformers.DynamicCache()))
