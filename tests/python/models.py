"""Tiny random mixture-of-experts models of transformers, by name: 8 experts of which 2 are chosen, 3 layers."""
import torch
import transformers

import own_model

SIZE = dict(hidden_size=64, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, vocab_size=256, max_position_embeddings=256)
EIGHT = dict(num_experts=8, num_experts_per_tok=2)
LOCAL = dict(num_local_experts=8, num_experts_per_tok=2)
ROUTED = dict(n_routed_experts=8, num_experts_per_tok=2, n_shared_experts=1, first_k_dense_replace=1)
LATENT = dict(num_key_value_heads=4, kv_lora_rank=16, qk_nope_head_dim=16, qk_rope_head_dim=8, v_head_dim=16)
SMALL = dict(intermediate_size=64, moe_intermediate_size=32)
LLAMA4 = dict(SIZE, head_dim=16, intermediate_size=32, intermediate_size_mlp=64, num_local_experts=8, num_experts_per_tok=1,
              interleave_moe_layer_step=1, attention_chunk_size=64, pad_token_id=0)
ROPE = {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [2, 3, 3], "mrope_interleaved": True}

# name: (class of the configuration, its fields)
LANGUAGE = {
    "olmoe": ("OlmoeConfig", dict(SIZE, **EIGHT, intermediate_size=32)),
    "qwen3_moe": ("Qwen3MoeConfig", dict(SIZE, **EIGHT, **SMALL, head_dim=16)),
    "qwen2_moe": ("Qwen2MoeConfig", dict(SIZE, **EIGHT, **SMALL, shared_expert_intermediate_size=32)),
    "mixtral": ("MixtralConfig", dict(SIZE, **LOCAL, intermediate_size=32)),
    "deepseek_v2": ("DeepseekV2Config", {**SIZE, **LATENT, **ROUTED, **SMALL, "q_lora_rank": None, "topk_method": "greedy", "n_group": 1,
                                         "topk_group": 1}),
    "deepseek_v3": ("DeepseekV3Config", {**SIZE, **LATENT, **ROUTED, **SMALL, "q_lora_rank": 16, "n_group": 2, "topk_group": 2}),
    "gpt_oss": ("GptOssConfig", dict(SIZE, **LOCAL, head_dim=16, intermediate_size=32, sliding_window=32)),
    "llama4": ("Llama4TextConfig", LLAMA4),
    "granite": ("GraniteMoeConfig", dict(SIZE, **LOCAL, intermediate_size=32)),
    "granite_shared": ("GraniteMoeSharedConfig", dict(SIZE, **LOCAL, intermediate_size=32, shared_intermediate_size=32)),
    "phimoe": ("PhimoeConfig", dict(SIZE, **LOCAL, intermediate_size=32)),
    "dbrx": ("DbrxConfig", dict(d_model=64, n_heads=4, n_layers=3, max_seq_len=256, vocab_size=256,
                                attn_config=dict(kv_n_heads=2, clip_qkv=8., rope_theta=1e4),
                                ffn_config=dict(ffn_hidden_size=32, moe_num_experts=8, moe_top_k=2))),
    "jetmoe": ("JetMoeConfig", dict(vocab_size=256, hidden_size=64, num_hidden_layers=3, num_key_value_heads=2, kv_channels=16,
                                    intermediate_size=32, **LOCAL)),
    "glm4_moe": ("Glm4MoeConfig", dict(SIZE, **SMALL, **ROUTED, head_dim=16, n_group=1, topk_group=1)),
    "qwen3_next": ("Qwen3NextConfig", {**SIZE, **EIGHT, **SMALL, "num_hidden_layers": 4, "head_dim": 16,
                                       "shared_expert_intermediate_size": 32, "linear_num_key_heads": 2, "linear_num_value_heads": 4,
                                       "linear_key_head_dim": 16, "linear_value_head_dim": 16}),
    "ernie": ("Ernie4_5_MoeConfig", dict(SIZE, **SMALL, moe_num_experts=8, moe_k=2, moe_num_shared_experts=1, moe_layer_start_index=1)),
    "hunyuan": ("HunYuanMoEV1Config", dict(SIZE, head_dim=16, intermediate_size=32, num_experts=8, moe_topk=2)),
    "minimax_m2": ("MiniMaxM2Config", dict(SIZE, **LOCAL, head_dim=16, intermediate_size=32)),
    "lfm2_moe": ("Lfm2MoeConfig", dict(SIZE, **EIGHT, **SMALL, num_dense_layers=1, layer_types=["conv", "full_attention", "conv"])),
}
VISION = {
    "qwen3_vl_moe": ("Qwen3VLMoeConfig", "Qwen3VLMoeForConditionalGeneration", dict(
        text_config=dict(SIZE, **EIGHT, **SMALL, head_dim=16, rope_scaling=ROPE, rope_parameters=ROPE),
        vision_config=dict(depth=3, hidden_size=32, intermediate_size=64, num_heads=2, patch_size=4, temporal_patch_size=2,
                           spatial_merge_size=2, out_hidden_size=64, num_position_embeddings=64, deepstack_visual_indexes=[0, 1]),
        image_token_id=250, video_token_id=251, vision_start_token_id=252, vision_end_token_id=253)),
    "llama4_vl": ("Llama4Config", "Llama4ForConditionalGeneration", dict(
        text_config=LLAMA4,
        vision_config=dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, image_size=16, patch_size=4,
                           vision_output_dim=64, projector_input_dim=128, projector_output_dim=64, pixel_shuffle_ratio=0.5),
        image_token_index=250, boi_token_index=251, eoi_token_index=252)),
}
NAMES = [*LANGUAGE, *VISION]


def make(name):
    torch.manual_seed(0)
    if name == "own_model":
        return own_model.Model().eval()
    if name in VISION:
        config, model, fields = VISION[name]
        return getattr(transformers, model)(getattr(transformers, config)(**fields)).eval()
    config, fields = LANGUAGE[name]
    return transformers.AutoModelForCausalLM.from_config(getattr(transformers, config)(**fields)).eval()


def request(name, tokens=12):
    torch.manual_seed(1)
    ids = torch.randint(3, 240, (1, tokens))
    if name == "qwen3_vl_moe":
        ids[0, 1], ids[0, 2:6], ids[0, 6] = 252, 250, 253
        kinds = torch.zeros_like(ids)
        kinds[0, 2:6] = 1
        return dict(input_ids=ids, pixel_values=torch.randn(16, 3 * 2 * 4 * 4), image_grid_thw=torch.tensor([[1, 4, 4]]),
                    mm_token_type_ids=kinds)
    if name == "llama4_vl":
        ids[0, 2:6] = 250
        return dict(input_ids=ids, pixel_values=torch.randn(1, 3, 16, 16))
    return dict(input_ids=ids)


def k_holders(model):
    """Modules of the layers with an attribute from which they take k."""
    found = []
    for path, module in model.named_modules():
        if path.rsplit(".", 1)[-1] in ("gate", "router", "mlp", "block_sparse_moe", "ffn"):
            found += [(module, a) for a in ("top_k", "moe_top_k") if isinstance(getattr(module, a, None), int)]
    return found
