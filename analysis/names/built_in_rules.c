/* The built-in rules: what the names of ranges mean that run_native, common models, and serving engines emit. */
#include "analysis/names/range_rules.h"

#define OWN      "run_native and common names"
#define PATHS    "module paths of PyTorch models"
#define VLLM     "vLLM, vllm/v1/worker/gpu_worker.py"
#define RUNNER   "vLLM, vllm/v1/worker/gpu_model_runner.py"
#define HOOKS    "layerwise NVTX hooks of vLLM and SGLang"
#define SGLANG   "SGLang, sglang/srt/managers/scheduler.py"
#define TRTLLM   "TensorRT-LLM, tensorrt_llm/_torch/pyexecutor/py_executor.py"
#define TRTMOD   "TensorRT-LLM, module ranges"
#define ATOM     "ATOM, model runner"
#define DEEPSEEK "DeepSeek's profiled inference and training"

/* The first that matches holds, so that the special stands before the general. */
static const names_built_in_rule rules[] = {
    {"vision", NAMES_ROLE_VISION, OWN},
    {"prefill", NAMES_ROLE_PREFILL, OWN},
    {"decode", NAMES_ROLE_DECODE, OWN},
    {"warmup", NAMES_ROLE_WARMUP, OWN},
    {"top_k{sep}{k}", NAMES_ROLE_TOP_K, OWN},
    {"warmup{sep}{n}", NAMES_ROLE_WARMUP, OWN},
    {"sample{sep}{n}", NAMES_ROLE_SAMPLE, OWN},
    {"decode{sep}{n}", NAMES_ROLE_STEP, OWN},
    {"layer{sep}{layer}", NAMES_ROLE_LAYER, OWN},
    {"layers{sep}{layer}", NAMES_ROLE_LAYER, OWN},
    {"block{sep}{layer}", NAMES_ROLE_LAYER, OWN},
    {"blocks{sep}{layer}", NAMES_ROLE_LAYER, OWN},
    {"expert{sep}{expert}", NAMES_ROLE_EXPERT, OWN},
    {"experts{sep}{expert}", NAMES_ROLE_EXPERT, OWN},
    {"layer{sep}{layer}{sep}expert{sep}{expert}", NAMES_ROLE_EXPERT, OWN},
    {"attention", NAMES_ROLE_ATTENTION, OWN},
    {"attn", NAMES_ROLE_ATTENTION, OWN},
    {"self_attn", NAMES_ROLE_ATTENTION, OWN},
    {"self_attention", NAMES_ROLE_ATTENTION, OWN},
    {"router", NAMES_ROLE_ROUTER, OWN},
    {"routing", NAMES_ROLE_ROUTER, OWN},
    {"gate", NAMES_ROLE_ROUTER, OWN},
    {"experts", NAMES_ROLE_EXPERTS, OWN},
    {"shared_expert", NAMES_ROLE_SHARED_EXPERT, OWN},
    {"shared_experts", NAMES_ROLE_SHARED_EXPERT, OWN},
    {"norm", NAMES_ROLE_NORM, OWN},
    {"embed", NAMES_ROLE_EMBEDDING, OWN},
    {"embedding", NAMES_ROLE_EMBEDDING, OWN},
    {"embed_tokens", NAMES_ROLE_EMBEDDING, OWN},
    {"head", NAMES_ROLE_HEAD, OWN},
    {"lm_head", NAMES_ROLE_HEAD, OWN},

    {"execute_context_0(*)_generation_0(*)", NAMES_ROLE_IDLE, VLLM},
    {"execute_context_0(*)_generation_{requests}({tokens})", NAMES_ROLE_DECODE, VLLM},
    {"execute_context_{requests}({tokens})_generation_0(*)", NAMES_ROLE_PREFILL, VLLM},
    {"execute_context_{requests}({tokens})_generation_{requests}({tokens})", NAMES_ROLE_MIXED, VLLM},
    {"execute_{tokens}_context_0(*)_generation_{requests}(*)", NAMES_ROLE_DECODE, VLLM},
    {"execute_{tokens}_context_{requests}(*)_generation_0(*)", NAMES_ROLE_PREFILL, VLLM},
    {"execute_{tokens}_context_{requests}(*)_generation_{requests}(*)", NAMES_ROLE_MIXED, VLLM},
    {"execute_new_0_cached_{requests}", NAMES_ROLE_DECODE, VLLM},
    {"execute_new_{requests}_cached_0", NAMES_ROLE_PREFILL, VLLM},
    {"execute_new_{requests}_cached_{requests}", NAMES_ROLE_MIXED, VLLM},
    {"gpu_model_runner: sample", NAMES_ROLE_SAMPLING, RUNNER},

    {"{{'Module': '*', 'Outputs': *", NAMES_ROLE_NONE, HOOKS},
    {"{{'Module': '*vision*layers.{n}*", NAMES_ROLE_NONE, HOOKS},
    {"{{'Module': '*visual*layers.{n}*", NAMES_ROLE_NONE, HOOKS},
    {"{{'Module': '*layers.{layer}.*.experts.{expert}', *", NAMES_ROLE_EXPERT, HOOKS},
    {"{{'Module': '*layers.{layer}.*.experts', *", NAMES_ROLE_EXPERTS, HOOKS},
    {"{{'Module': '*layers.{layer}.*.shared_expert', *", NAMES_ROLE_SHARED_EXPERT, HOOKS},
    {"{{'Module': '*layers.{layer}.*.shared_experts', *", NAMES_ROLE_SHARED_EXPERT, HOOKS},
    {"{{'Module': '*layers.{layer}.*.gate', *", NAMES_ROLE_ROUTER, HOOKS},
    {"{{'Module': '*layers.{layer}.*.router', *", NAMES_ROLE_ROUTER, HOOKS},
    {"{{'Module': '*layers.{layer}.self_attn', *", NAMES_ROLE_ATTENTION, HOOKS},
    {"{{'Module': '*layers.{layer}.attention', *", NAMES_ROLE_ATTENTION, HOOKS},
    {"{{'Module': '*layers.{layer}.*norm', *", NAMES_ROLE_NORM, HOOKS},
    {"{{'Module': '*layers.{layer}', *", NAMES_ROLE_LAYER, HOOKS},
    {"{{'Module': '*embed_tokens', *", NAMES_ROLE_EMBEDDING, HOOKS},
    {"{{'Module': '*lm_head', *", NAMES_ROLE_HEAD, HOOKS},
    {"{{'Module': '*logits_processor', *", NAMES_ROLE_HEAD, HOOKS},
    {"{{'Module': '*norm', *", NAMES_ROLE_NORM, HOOKS},

    {"step[EXTEND bs={requests} toks={tokens}*", NAMES_ROLE_PREFILL, SGLANG},
    {"step[EXTEND bs={requests}*", NAMES_ROLE_PREFILL, SGLANG},
    {"step[DECODE bs={requests}*", NAMES_ROLE_DECODE, SGLANG},
    {"step[MIXED bs={requests} toks={tokens}*", NAMES_ROLE_MIXED, SGLANG},
    {"step[MIXED bs={requests}*", NAMES_ROLE_MIXED, SGLANG},
    {"step[VERIFY bs={requests}*", NAMES_ROLE_DECODE, SGLANG},
    {"step[DRAFT*bs={requests}*", NAMES_ROLE_DRAFT, SGLANG},
    {"step[IDLE*", NAMES_ROLE_IDLE, SGLANG},
    {"draft step[*bs={requests}*", NAMES_ROLE_DRAFT, SGLANG},
    {"step[extend bs={requests} toks={tokens}*", NAMES_ROLE_PREFILL, SGLANG},
    {"step[extend bs={requests}*", NAMES_ROLE_PREFILL, SGLANG},
    {"step[decode bs={requests}*", NAMES_ROLE_DECODE, SGLANG},
    {"step[mixed bs={requests}*", NAMES_ROLE_MIXED, SGLANG},
    {"step[idle*", NAMES_ROLE_IDLE, SGLANG},

    {"*_forward_step*: 0 ctx reqs, 0 gen reqs*", NAMES_ROLE_IDLE, TRTLLM},
    {"*_forward_step*: 0 ctx reqs, {requests} gen reqs*", NAMES_ROLE_DECODE, TRTLLM},
    {"*_forward_step*: {requests} ctx reqs, 0 gen reqs*", NAMES_ROLE_PREFILL, TRTLLM},
    {"*_forward_step*: {requests} ctx reqs, {requests} gen reqs*", NAMES_ROLE_MIXED, TRTLLM},
    {"MLA", NAMES_ROLE_ATTENTION, TRTMOD},
    {"Attention", NAMES_ROLE_ATTENTION, TRTMOD},
    {"RMSNorm", NAMES_ROLE_NORM, TRTMOD},

    {"prefill[bs={requests} tok={tokens}*", NAMES_ROLE_PREFILL, ATOM},
    {"decode[bs={requests} tok={tokens}*", NAMES_ROLE_DECODE, ATOM},
    {"prefill[bs={requests}*", NAMES_ROLE_PREFILL, ATOM},
    {"decode[bs={requests}*", NAMES_ROLE_DECODE, ATOM},

    {"attn(F)", NAMES_ROLE_ATTENTION, DEEPSEEK},
    {"dispatch(F)", NAMES_ROLE_DISPATCH, DEEPSEEK},
    {"mlp(F)", NAMES_ROLE_EXPERTS, DEEPSEEK},
    {"combine(F)", NAMES_ROLE_COMBINE, DEEPSEEK},

    {"*vision*layers.{n}*", NAMES_ROLE_NONE, PATHS},
    {"*visual*layers.{n}*", NAMES_ROLE_NONE, PATHS},
    {"*layers.{layer}.*.experts.{expert}", NAMES_ROLE_EXPERT, PATHS},
    {"*layers.{layer}.*.experts", NAMES_ROLE_EXPERTS, PATHS},
    {"*layers.{layer}.*.shared_expert", NAMES_ROLE_SHARED_EXPERT, PATHS},
    {"*layers.{layer}.*.shared_experts", NAMES_ROLE_SHARED_EXPERT, PATHS},
    {"*layers.{layer}.*.gate", NAMES_ROLE_ROUTER, PATHS},
    {"*layers.{layer}.*.router", NAMES_ROLE_ROUTER, PATHS},
    {"*layers.{layer}.self_attn", NAMES_ROLE_ATTENTION, PATHS},
    {"*layers.{layer}.attention", NAMES_ROLE_ATTENTION, PATHS},
    {"*layers.{layer}.*norm", NAMES_ROLE_NORM, PATHS},
    {"*layers.{layer}", NAMES_ROLE_LAYER, PATHS},
    {"*.embed_tokens", NAMES_ROLE_EMBEDDING, PATHS},
    {"*.lm_head", NAMES_ROLE_HEAD, PATHS},
    {"*_norm", NAMES_ROLE_NORM, OWN},
    {"*layernorm", NAMES_ROLE_NORM, OWN},
    {"*rmsnorm", NAMES_ROLE_NORM, OWN},
    {0},
};

const names_built_in_rule *names_built_in_rule_at(size_t i) {
    return i + 1 < sizeof rules / sizeof *rules ? &rules[i] : NULL;
}
