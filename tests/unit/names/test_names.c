/* Names of ranges, CUDA calls and kernels. */
#include "tests/unit/trace_builder.h"

#include "analysis/names/call_kinds.h"
#include "analysis/names/kernel_display_name.h"
#include "analysis/names/name_table.h"

static void names_have_roles(void **state) {
    (void)state;
    static const struct {
        const char *text;
        names_role role;
        uint32_t number, layer, expert;
    } cases[] = {
        {"top_k=8", NAMES_ROLE_TOP_K, 8, BASE_NONE, BASE_NONE},
        {"warmup.3", NAMES_ROLE_WARMUP, 3, BASE_NONE, BASE_NONE},
        {"warmup", NAMES_ROLE_WARMUP, BASE_NONE, BASE_NONE, BASE_NONE},
        {"sample.12", NAMES_ROLE_SAMPLE, 12, BASE_NONE, BASE_NONE},
        {"vision", NAMES_ROLE_VISION, BASE_NONE, BASE_NONE, BASE_NONE},
        {"prefill", NAMES_ROLE_PREFILL, BASE_NONE, BASE_NONE, BASE_NONE},
        {"decode", NAMES_ROLE_DECODE, BASE_NONE, BASE_NONE, BASE_NONE},
        {"decode.0", NAMES_ROLE_STEP, 0, BASE_NONE, BASE_NONE},
        {"layer.15", NAMES_ROLE_LAYER, BASE_NONE, 15, BASE_NONE},
        {"layer15", NAMES_ROLE_LAYER, BASE_NONE, 15, BASE_NONE},
        {"expert.63", NAMES_ROLE_EXPERT, BASE_NONE, BASE_NONE, 63},
        {"layer3.expert7", NAMES_ROLE_EXPERT, BASE_NONE, 3, 7},
        {"layer.3.expert.7", NAMES_ROLE_EXPERT, BASE_NONE, 3, 7},
        {"", NAMES_ROLE_NONE, BASE_NONE, BASE_NONE, BASE_NONE},
        {"decode.", NAMES_ROLE_NONE, BASE_NONE, BASE_NONE, BASE_NONE},
        {"decoder", NAMES_ROLE_NONE, BASE_NONE, BASE_NONE, BASE_NONE},
        {"prefill2", NAMES_ROLE_NONE, BASE_NONE, BASE_NONE, BASE_NONE},
        {"expert.6x", NAMES_ROLE_NONE, BASE_NONE, BASE_NONE, BASE_NONE},
        {"layer3.expert", NAMES_ROLE_NONE, BASE_NONE, BASE_NONE, BASE_NONE},
        {"layer.99999999999", NAMES_ROLE_NONE, BASE_NONE, BASE_NONE, BASE_NONE},
        {"vit.3", NAMES_ROLE_NONE, BASE_NONE, BASE_NONE, BASE_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        names_meaning m = names_rules_match(NULL, cases[i].text, strlen(cases[i].text));
        print_message("  %s\n", cases[i].text);
        assert_int_equal(m.role, cases[i].role);
        assert_int_equal(m.number, cases[i].number);
        assert_int_equal(m.layer, cases[i].layer);
        assert_int_equal(m.expert, cases[i].expert);
    }
}

/* Names as serving engines emit them. */
static void steps_of_servers_are_read(void **state) {
    (void)state;
    static const struct {
        const char *text;
        names_role role;
        uint32_t requests, tokens;
        const char *family;
    } cases[] = {
        {"execute_context_2(300)_generation_0(0)", NAMES_ROLE_PREFILL, 2, 300,
         "execute_context_*(*)_generation_0(*)"},
        {"execute_context_0(0)_generation_64(64)", NAMES_ROLE_DECODE, 64, 64,
         "execute_context_0(*)_generation_*(*)"},
        {"execute_context_1(512)_generation_31(31)", NAMES_ROLE_MIXED, 32, 543,
         "execute_context_*(*)_generation_*(*)"},
        {"execute_context_0(0)_generation_0(0)", NAMES_ROLE_IDLE, BASE_NONE, BASE_NONE, NULL},
        {"execute_context_10(99)_generation_0(0)", NAMES_ROLE_PREFILL, 10, 99,
         "execute_context_*(*)_generation_0(*)"},
        {"execute_new_0_cached_17", NAMES_ROLE_DECODE, 17, BASE_NONE, "execute_new_0_cached_*"},
        {"execute_new_3_cached_17", NAMES_ROLE_MIXED, 20, BASE_NONE, "execute_new_*_cached_*"},
        {"execute_777_context_2(sq700sk700sqsq9sqsk9)_generation_5(sq5sk50sqsq5sqsk5)", NAMES_ROLE_MIXED, 7,
         777, "execute_*_context_*(*)_generation_*(*)"},
        {"step[EXTEND bs=2 toks=14721]", NAMES_ROLE_PREFILL, 2, 14721, "step[EXTEND bs=* toks=**"},
        {"step[DECODE bs=64 toks=64]", NAMES_ROLE_DECODE, 64, BASE_NONE, "step[DECODE bs=**"},
        {"step[MIXED bs=3 toks=90]", NAMES_ROLE_MIXED, 3, 90, "step[MIXED bs=* toks=**"},
        {"step[IDLE bs=0]", NAMES_ROLE_IDLE, BASE_NONE, BASE_NONE, NULL},
        {"step[DRAFT bs=4]", NAMES_ROLE_DRAFT, 4, BASE_NONE, "step[DRAFT*bs=**"},
        {"step[VERIFY bs=4]", NAMES_ROLE_DECODE, 4, BASE_NONE, "step[VERIFY bs=**"},
        {"[Executor] _forward_step 12: 0 ctx reqs, 8 gen reqs", NAMES_ROLE_DECODE, 8, BASE_NONE,
         "*_forward_step*: 0 ctx reqs, * gen reqs*"},
        {"[Executor] _forward_step 13: 2 ctx reqs, 0 gen reqs", NAMES_ROLE_PREFILL, 2, BASE_NONE,
         "*_forward_step*: * ctx reqs, 0 gen reqs*"},
        {"_forward_step: 2 ctx reqs, 3 gen reqs", NAMES_ROLE_MIXED, 5, BASE_NONE,
         "*_forward_step*: * ctx reqs, * gen reqs*"},
        {"prefill[bs=1 tok=77 ctx=77]", NAMES_ROLE_PREFILL, 1, 77, "prefill[bs=* tok=**"},
        {"decode[bs=9]", NAMES_ROLE_DECODE, 9, BASE_NONE, "decode[bs=**"},
    };
    names_table names = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t at = names_intern(&names, cases[i].text, strlen(cases[i].text));
        const names_entry *name = names_entry_at(&names, at);
        print_message("  %s\n", cases[i].text);
        assert_int_equal(name->means.role, cases[i].role);
        assert_int_equal(name->means.requests, cases[i].requests);
        assert_int_equal(name->means.tokens, cases[i].tokens);
        const char *family = cases[i].family ? cases[i].family : cases[i].text;
        assert_string_equal(names_entry_at(&names, name->family)->text, family);
    }
    names_free(&names);
}

/* Module paths, bare and as layerwise hooks emit them: a text of a Python dict. */
static void module_paths_are_read(void **state) {
    (void)state;
    static const struct {
        const char *path;
        names_role role;
        uint32_t layer, expert;
    } cases[] = {
        {"model.layers.3", NAMES_ROLE_LAYER, 3, BASE_NONE},
        {"model.layers.13.self_attn", NAMES_ROLE_ATTENTION, 13, BASE_NONE},
        {"Q.model.layers.3.mlp.experts", NAMES_ROLE_EXPERTS, 3, BASE_NONE},
        {"model.layers.3.mlp.experts.17", NAMES_ROLE_EXPERT, 3, 17},
        {"model.layers.3.block_sparse_moe.gate", NAMES_ROLE_ROUTER, 3, BASE_NONE},
        {"model.layers.3.mlp.shared_expert", NAMES_ROLE_SHARED_EXPERT, 3, BASE_NONE},
        {"model.layers.3.input_layernorm", NAMES_ROLE_NORM, 3, BASE_NONE},
        {"model.layers.3.mlp.gate_up_proj", NAMES_ROLE_NONE, BASE_NONE, BASE_NONE},
        {"visual.layers.3.self_attn", NAMES_ROLE_NONE, BASE_NONE, BASE_NONE},
        {"model.embed_tokens", NAMES_ROLE_EMBEDDING, BASE_NONE, BASE_NONE},
    };
    names_table names = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1024];
        names_meaning m = names_rules_match(NULL, cases[i].path, strlen(cases[i].path));
        print_message("  %s\n", cases[i].path);
        assert_int_equal(m.role, cases[i].role);
        assert_int_equal(m.layer, cases[i].layer);
        assert_int_equal(m.expert, cases[i].expert);
        int len =
            snprintf(text, sizeof text,
                     "{'Module': '%s', 'TrainableParams': {'weight': [2048, 2048], 'a rather long name of a "
                     "parameter that makes the whole longer than 255 bytes': [64, 1408, 2048], "
                     "'weight_scale_inv': [64, 11, 16]}, 'Inputs': [[64, 2048], [64, 64]], "
                     "'StaticParams': {'eps': 1e-06, 'names of norm layers': 'q_norm'}}",
                     cases[i].path);
        uint32_t at = names_intern(&names, text, (size_t)len);
        const names_entry *name = names_entry_at(&names, at);
        assert_int_equal(name->means.role, cases[i].role);
        assert_int_equal(name->means.layer, cases[i].layer);
        assert_int_equal(name->means.expert, cases[i].expert);
        assert_string_equal(names_entry_at(&names, name->family)->text, cases[i].path);
        len = snprintf(text, sizeof text, "{'Module': '%s', 'Outputs': [[64, 2048]]}", cases[i].path);
        at = names_intern(&names, text, (size_t)len);
        assert_int_equal(names_entry_at(&names, at)->means.role, NAMES_ROLE_NONE);
        assert_int_equal(names_entry_at(&names, at)->means.layer, BASE_NONE);
    }
    names_free(&names);
}

static void names_are_interned_once(void **state) {
    (void)state;
    names_table names = {0};
    names_define(&names, 5, "sample.1", 8);
    names_define(&names, 6, "sample.2", 8);
    names_define(&names, 7, "sample.1", 8);
    uint32_t one = names_of_id(&names, 5), two = names_of_id(&names, 6);
    assert_int_equal(one, names_of_id(&names, 7));
    assert_int_not_equal(one, two);
    assert_int_equal(names.list[one].family, names.list[two].family);
    assert_string_equal(names.list[names_of_id(&names, 99)].text, "#99");
    names_define(&names, 99, "late", 4);
    assert_string_equal(names.list[names_of_id(&names, 99)].text, "late");
    assert_string_equal(names.list[names_of_id(&names, 0)].text, "");
    names_free(&names);
}

static void calls_have_kinds(void **state) {
    (void)state;
    static const struct {
        const char *name;
        names_call_kind kind;
    } cases[] = {
        {"__cudaLaunchKernel", NAMES_CALL_ENQUEUE},
        {"cuLaunchKernelEx", NAMES_CALL_ENQUEUE},
        {"cudaGraphLaunch", NAMES_CALL_ENQUEUE},
        {"cudaMemcpyAsync", NAMES_CALL_ENQUEUE},
        {"cudaMemcpy", NAMES_CALL_SYNC},
        {"cuMemcpyDtoH_v2", NAMES_CALL_SYNC},
        {"cuMemsetD8Async", NAMES_CALL_ENQUEUE},
        {"cudaStreamSynchronize", NAMES_CALL_SYNC},
        {"cudaGetDevice", NAMES_CALL_QUERY},
        {"cudaStreamQuery", NAMES_CALL_QUERY},
        {"cudaMalloc", NAMES_CALL_OTHER},
        {"cudaStreamIsCapturing_v10000", NAMES_CALL_QUERY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(names_call_kind_of(cases[i].name), cases[i].kind);
    }
}

static void kernels_are_demangled(void **state) {
    (void)state;
    static const struct {
        const char *mangled;
        size_t width;
        const char *name;
    } cases[] = {
        {"_Z6matmulILi4EEvPKfPf", 60, "matmul<4>"},
        /* As other profilers give them: the same without a signature. */
        {"void matmul<4>(float const*, float*)", 60, "matmul<4>"},
        {"void at::native::f<ns::g(int)::{lambda(float)#1}, (int)4>(int, T2)", 90,
         "at::native::f<ns::g(int)::{lambda(float)#1}, (int)4>"},
        {"std::array<char *, (unsigned long)2> axpy<float>(int)", 60, "axpy<float>"},
        {"nvjet_sm90_tst", 60, "nvjet_sm90_tst"},
        {"Memset (Device)", 60, "Memset (Device)"},
        {"(x)", 60, "(x)"},
        {"a)", 60, "a)"},
        {"_ZN2at6native4axpyEfPf", 60, "at::native::axpy"},
        {"_ZN2at6native4axpyEfPf", 15, "axpy"},
        {"_ZN2at6native12_GLOBAL__N_14axpyEfPf", 15, "axpy"},
        {"_ZN1a1bIN1c1dEE1eIN1f1gEEEvv", 5, "b<d>::e<g>"},
        {"_Z4axpyIXadL_ZN1a1fEiEEEvv", 60, "axpy<&a::f>"},
        {"_Z4axpyIXadL_ZN1a1fEiEEEvv", 5, "axpy<&f>"},
        {"_Z4axpyIZ1fiEUliE_EvT_", 60, "axpy<f(int)::{lambda(int)#1}>"},
        {"_Z4axpyIZ1fiEUliE_EvT_", 5, "axpy<f()::{lambda()#1}>"},
        {"sm90_xmma_gemm_bf16", 5, "sm90_xmma_gemm_bf16"},
        {"_Z", 60, "_Z"},
        {"", 60, "(no name)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *name = names_kernel_display(cases[i].mangled, cases[i].width);
        assert_string_equal(name, cases[i].name);
        free(name);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_have_roles),      cmocka_unit_test(steps_of_servers_are_read),
        cmocka_unit_test(module_paths_are_read), cmocka_unit_test(names_are_interned_once),
        cmocka_unit_test(calls_have_kinds),      cmocka_unit_test(kernels_are_demangled),
    };
    return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
