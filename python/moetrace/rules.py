"""What modules, methods and arguments are, by their names: the whole of what the helper knows about models, as data."""
import re

# A list of decoder layers, by its path in the model.
LAYER_LIST = re.compile(r"(^|\.)(layers|blocks|block|h)$")
# What encodes images or sound: all inside of it is vision's.
VISION = re.compile(r"(^|\.)(visual|vision(_\w+)?|image_(encoder|vit|tower)|vit|multi_modal_projector|audio(_\w+)?)$")

# Inside a layer, by the last name of a module's path.
ROUTER = re.compile(r"^(gate|router|wg|route)$")
EXPERTS = re.compile(r"^experts$")
EXPERTS_CLASS = re.compile(r"ParallelExperts$")  # where a block has such children in place of `experts`
EXPERT_NUMBER = re.compile(r"(\d+)$")
PARTS = (  # the first that matches gives the range's name
    (re.compile(r"^(self_attn|attn|attention|self_attention|linear_attn)$"), "attention"),
    (re.compile(r"^(shared_experts?|shared_mlp)$"), "shared_expert"),
)
# Outside of the layers.
OUTER_PARTS = (
    (re.compile(r"^(embed_tokens|wte|embed_in|word_embeddings)$"), "embed"),
    (re.compile(r"^(lm_head|embed_out|output_head)$"), "head"),
)

# Attributes of a router or a block that may hold k. Each is trusted as long as what is observed agrees with it.
K_NAMES = ("top_k", "moe_top_k", "num_experts_per_tok", "num_selects", "moe_topk", "moe_k")

# A method of a model by which a program makes a request.
GENERATE = "generate"
# Arguments of a model's call: what has the query's length, the cache of keys and values, and images.
QUERY = ("input_ids", "inputs_embeds", "input_embeddings", "hidden_states")
CACHE = ("past_key_values", "cache", "kv_cache", "layer_past", "cache_params")
IMAGES = ("pixel", "image")
