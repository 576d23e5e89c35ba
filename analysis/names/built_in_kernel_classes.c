/* The built-in classes of kernels by name: data alone, tried from top to bottom. Names are those of NCCL, DeepEP, DeepGEMM,
 * FlashInfer, flash-attention, cuBLAS, cuDNN, CUTLASS, PyTorch, vLLM, SGLang, TensorRT-LLM and Triton kernels. */
#include "analysis/names/kernel_classes.h"

static const names_kernel_class_rule rules[] = {
    /* Communication. Fused kernels that also normalize count as what they wait for. */
    {"nccl_all_reduce", "nccl*AllReduce", true},
    {"nccl_all_gather", "nccl*AllGather", true},
    {"nccl_reduce_scatter", "nccl*ReduceScatter", true},
    {"nccl_broadcast", "nccl*Kernel_Broadcast", true},
    {"nccl_reduce", "nccl*Kernel_Reduce_", true},
    {"nccl_send_recv", "nccl*SendRecv|nccl*AllToAll|nccl*AlltoAll", true},
    {"nccl_other", "^nccl", true},
    {"dispatch",
     "deep_ep::*dispatch|pplx*dispatch|moeA2ADispatchKernel|moeAllToAllKernel|EpDispatch|"
     "computeCountAndIndice|computeCumsum|"
     "moveIndice",
     true},
    {"combine", "deep_ep::*combine|deep_ep::*cached_notify|pplx*combine|moeA2ACombineKernel|EpCombine", true},
    {"communication", "deep_ep::|nvshmem|moeA2A|^userbuffers", true},
    {"all_reduce",
     "cross_device_reduce|allreduce_fusion|AllReduceFusion|all_reduce_one_shot|all_reduce_two_"
     "shot|one_shot_all_reduce|"
     "two_shot_all_reduce|OneShotAllReduce|TwoShotAllReduce|oneShotAllReduce|twoShotAllReduce|"
     "multimem_all_reduce|"
     "oneshotAllreduce|twoshotAllreduce|lamport_style_one_shot|allReduceKernel|all_reduce_",
     true},
    {"all_gather", "multimem_all_gather|userbuffers_fp16_sum_inplace_gpu_rr_allgather|all_gather_kernel",
     true},

    /* Experts. moe_gemm: the experts' matrix products; moe_routing: top-k of the router; moe_permute: order of the rows. */
    {"moe_permute",
     "moe_align_block_size|count_and_sort_expert_tokens|moe_sum|moe_permute|moePermute|moeUnpermute|moe_"
     "unpermute|"
     "expandInputRows|finalizeMoeRouting|ExpertPrefixSum|BuildExpertMaps|buildExpertMaps|computeStrides|"
     "computeExpertFirstTokenOffset|moe::dev::finalize|moe::dev::permute|ep_scatter|ep_gather|group_gemm_"
     "starts|"
     "get_group_gemm|compute_problem_sizes|compute_expert_offsets|compute_arg_sorts|compute_expert_"
     "blockscale_offsets|"
     "_compute_writeback_idx|_sum_bitmatrix_rows|_bitmatrix|shuffle_rows|pre_reorder|post_reorder|compute_"
     "seg_indptr|"
     "compute_src2dst|compute_m_range|shuffleInputRows|apply_shuffle_mul_sum|indices_and_multihot",
     false},
    {"moe_gemm",
     "^fused_moe_kernel|fused_moe_gptq_awq|GroupProblemShape|MoeFCGemm|MoeProblemVisitor|fused_"
     "moe_gemm|^bmm_|"
     "deep_gemm::*GemmType)1|deep_gemm::*GemmType)2|deep_gemm::*GemmType)3|dpsk::gemm::*GemmType)"
     "1|dpsk::gemm::*GemmType)2|"
     "marlin_moe|marlin::moe|_matmul_ogs|moe_gemm|gemm_moe|moe_mxgemm|GroupedGemm|grouped_gemm|group_gemm|"
     "_group_gemm|moe_wna16|w4a16_moe|"
     "moe_gemv|moe_vec|grouped_mm|blockscaled_contiguous_grouped|sm90_mxfp4_moe",
     false},
    {"moe_routing",
     "topkGating|topk_gating|moeSoftmax|moeTopK|moe_fused_gate|grouped_topk|grouped_top_k|"
     "deepseek_v3_topk|HashTopkSoftplus|"
     "moe::dev::routing|routingIndices|routingMain|renormMoeRouting|customMoeRouting|topk_"
     "softmax|topk_sigmoid|invokeNoAuxTc|"
     "group_idx_and_topk_idx|topk_with_k2|_topk_forward|_combined_routing",
     false},

    /* Attention, and the cache of keys and values. */
    {"kv_cache",
     "reshape_and_cache|concat_and_cache|copy_blocks_kernel|swap_blocks|AppendPagedKVCache|set_"
     "mla_kv_buffer|set_kv_buffer|"
     "store_kv_cache|store_cache|create_flashinfer_kv_indices|RopeUpdateKVCache|UpdateKVCache|"
     "write_req_to_token|"
     "create_flashmla_kv|convertReqIndexToGlobal|convert_req_index",
     false},
    {"attention",
     "flash_fwd|flash_bwd|flash::|flash_attn|FlashAttn|flash_fprop|fmha|Fmha|FMHA|"
     "AttentionKernel|attention|Attention|attn_fwd|"
     "_attn_|_fwd_kernel|_fwd_grouped_kernel|BatchPrefill|BatchDecode|SinglePrefill|"
     "SingleDecode|MergeState|VariableLengthMergeStates|"
     "paged_mqa|mqa_logits|xqa|mla_kernel|mla_combine|_mla_|::mla::|KernelMLA|mmha|masked_"
     "multihead|_attn_kernel|lean_attn|"
     "BatchMLA|cascade",
     false},
    {"linear_attention",
     "delta_rule|chunk_gated|gdn_|causal_conv1d|selective_scan|selective_state_"
     "update|ssd_|_chunk_scan_fwd|_chunk_state_fwd|"
     "_state_passing_fwd|_bmm_chunk|chunk_cumsum|lightning_|kda_|wkv",
     false},

    /* One layer's smaller kernels: before the matrix products, which some of their names mention. */
    {"norm",
     "rms_norm|RMSNorm|rmsnorm|RmsNorm|layer_norm|LayerNorm|layernorm|GroupNorm|group_norm|"
     "RowwiseMoments|batch_norm|"
     "l2norm|L2Norm|qknorm|_norm_kernel|fused_add_norm",
     false},
    {"rotary", "rotary|Rotary|rope_kernel|Rope|RoPE|_rope|rope_", false},
    {"activation",
     "act_and_mul|doActivation|doGatedActivation|moe::dev::activation|silu|Silu|SiLU|gelu|Gelu|"
     "GELU|swiglu|Swiglu|relu_kernel|"
     "swigluoai",
     false},
    {"quantize",
     "quant_fp8|fp8_quant|per_token_group_quant|scaled_int8_quant|quantize|Quantize|cvt_fp16_to_"
     "fp4|cvt_fp8|scaled_fp4|"
     "scale_1x128|_quant_kernel|silu_mul_quant|dequant|block_scale_interleave|transpose_fp32|"
     "transpose_and_pack|pack_fp32_into_ue8m0|"
     "segmented_max_reduction",
     false},
    {"sampling",
     "sampling|Sampling|multinomial|gumbel|apply_penalt|penalties|apply_repetition|temperature|min_p_kernel|"
     "topk_topp|"
     "rejection|rejection_|build_tree|verify_tree|ArgMaxOps|ArgMinOps",
     false},

    /* Matrix products and convolutions. */
    {"convolution",
     "fprop_implicit_gemm|implicit_convolve|conv_depthwise|fprop|convolve|conv2d|conv3d|"
     "nchwToNhwc|nhwcToNchw",
     false},
    {"gemm",
     "gemm|Gemm|GEMM|gemv|nvjet|cublas|matmul|Cijk_|_scaled_mm|scaled_mm|Marlin|marlin|splitKreduce|"
     "wvSplitK|dot_kernel|"
     "reduce_1Block|mm_kernel|_mm_|cutlass::Kernel|hc_prenorm",
     false},

    /* PyTorch's, CUB's and Triton's kernels of general use. */
    {"softmax", "SoftMax|softmax|Softmax", false},
    {"sort",
     "radixSort|RadixSort|radix_sort|MergeSort|mergeSort|bitonicSort|sbtopk|mbtopk|gatherTopK|TopK|"
     "topk|DeviceSegmentedSort|"
     "fillSlice|fill_reverse_indices|sort_",
     false},
    {"scan",
     "DeviceScan|DeviceCompactInit|DeviceSelect|tensor_kernel_scan|cumsum|scan_innermost|scan_outer|"
     "detail::scan::",
     false},
    {"index",
     "indexSelect|index_select|gather_kernel|vectorized_gather|scatter_gather|index_elementwise|index_kernel|"
     "indexFunc|"
     "indexing_backward|index_put|embedding|masked_scatter|masked_fill|write_indices|nonzero|searchsorted",
     false},
    {"copy",
     "copy_kernel_cuda|CatArrayBatched|chunk_cat|split_with_sizes|memcpy|Memcpy|copyBuffer|_copy_"
     "kernel|direct_copy|"
     "transpose_kernel|permute_kernel",
     false},
    {"fill", "FillFunctor|memset|Memset|arange|fillBuffer|fill_kernel|triu_tril|eye_kernel", false},
    {"reduction", "reduce_kernel|DeviceReduce|triton_red_|triton_per_|reduce_|detail::reduce::|Reduction",
     false},
    {"random", "distribution_nullary|distribution_elementwise|philox", false},
    {"elementwise",
     "elementwise|triton_poi_|multi_tensor_apply|_assert_async|pointwise|foreach|fused_"
     "dropout|distribution_",
     false},
};

const names_kernel_class_rule *names_kernel_class_rule_at(size_t i) {
    return i < sizeof rules / sizeof *rules ? &rules[i] : NULL;
}
