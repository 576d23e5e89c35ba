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
        uint32_t number, expert;
    } cases[] = {
        {"top_k=8", NAMES_ROLE_TOP_K, 8, BASE_NONE},
        {"warmup.3", NAMES_ROLE_WARMUP, 3, BASE_NONE},
        {"warmup", NAMES_ROLE_WARMUP, BASE_NONE, BASE_NONE},
        {"sample.12", NAMES_ROLE_SAMPLE, 12, BASE_NONE},
        {"vision", NAMES_ROLE_VISION, BASE_NONE, BASE_NONE},
        {"prefill", NAMES_ROLE_PREFILL, BASE_NONE, BASE_NONE},
        {"decode", NAMES_ROLE_DECODE, BASE_NONE, BASE_NONE},
        {"decode.0", NAMES_ROLE_STEP, 0, BASE_NONE},
        {"layer.15", NAMES_ROLE_LAYER, 15, BASE_NONE},
        {"layer15", NAMES_ROLE_LAYER, 15, BASE_NONE},
        {"expert.63", NAMES_ROLE_EXPERT, 63, BASE_NONE},
        {"layer3.expert7", NAMES_ROLE_LAYER_EXPERT, 3, 7},
        {"layer.3.expert.7", NAMES_ROLE_LAYER_EXPERT, 3, 7},
        {"", NAMES_ROLE_NONE, BASE_NONE, BASE_NONE},
        {"decode.", NAMES_ROLE_NONE, BASE_NONE, BASE_NONE},
        {"decoder", NAMES_ROLE_NONE, BASE_NONE, BASE_NONE},
        {"prefill2", NAMES_ROLE_NONE, BASE_NONE, BASE_NONE},
        {"expert.6x", NAMES_ROLE_NONE, BASE_NONE, BASE_NONE},
        {"layer3.expert", NAMES_ROLE_NONE, BASE_NONE, BASE_NONE},
        {"layer.99999999999", NAMES_ROLE_NONE, BASE_NONE, BASE_NONE},
        {"vit.3", NAMES_ROLE_NONE, BASE_NONE, BASE_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t number, expert;
        names_role role = names_rules_match(NULL, cases[i].text, strlen(cases[i].text), &number, &expert);
        print_message("  %s\n", cases[i].text);
        assert_int_equal(role, cases[i].role);
        assert_int_equal(number, cases[i].number);
        assert_int_equal(expert, cases[i].expert);
    }
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
        cmocka_unit_test(names_have_roles),
        cmocka_unit_test(names_are_interned_once),
        cmocka_unit_test(calls_have_kinds),
        cmocka_unit_test(kernels_are_demangled),
    };
    return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
