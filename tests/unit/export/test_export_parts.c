/* The parts that exports are made of: sorting beyond memory, sets of ids, kernel names, UTF-8. */
#include "tests/unit/trace_builder.h"

#include "analysis/base/protobuf_writer.h"
#include "analysis/base/u64_set.h"
#include "analysis/base/utf8.h"
#include "analysis/export/export_common.h"
#include "analysis/names/demangle_nsys.h"

typedef struct {
    uint64_t key, wide, number;
} record;

/* More records than fit, in no order, against the same sorted by the C library; and once more from the start.
 */
static void test_sorter(void **state) {
    (void)state;
    enum { COUNT = 5000 };
    for (int wide_first = 0; wide_first < 2; wide_first++) {
        base_sorter *s = base_sorter_new(sizeof(record), wide_first, 257);
        uint32_t random = 1;
        for (uint64_t i = 0; i < COUNT; i++) {
            random = random * 1664525u + 1013904223u;
            record r = {.key = random >> 24, .wide = random >> 16 & 0xff, .number = i};
            base_sorter_add(s, &r);
        }
        assert_int_equal(base_sorter_count(s), COUNT);
        for (int pass = 0; pass < 2; pass++, base_sorter_rewind(s)) {
            record last = {0};
            uint64_t n = 0, sum = 0;
            for (const record *r; (r = base_sorter_next(s)) != NULL; n++, last = *r) {
                sum += r->number;
                assert_true(n == 0 || r->key >= last.key);
                if (n > 0 && r->key == last.key && wide_first) {
                    assert_true(r->wide < last.wide || (r->wide == last.wide && r->number > last.number));
                } else if (n > 0 && r->key == last.key) {
                    assert_true(r->number > last.number);
                }
            }
            assert_int_equal(n, COUNT);
            assert_int_equal(sum, (uint64_t)COUNT * (COUNT - 1) / 2);
        }
        assert_false(base_sorter_failed(s));
        base_sorter_free(s);
    }
    base_sorter *empty = base_sorter_new(sizeof(record), false, 10);
    assert_null(base_sorter_next(empty));
    base_sorter_free(empty);
}

static void test_bits(void **state) {
    (void)state;
    base_set set = {0};
    assert_false(base_set_has(&set, 5));
    for (uint64_t i = 0; i < 3000; i += 3) {
        assert_true(base_set_add(&set, i));
    }
    assert_false(base_set_add(&set, 2997));
    assert_true(base_set_add(&set, UINT64_MAX));
    assert_true(base_set_has(&set, UINT64_MAX) && base_set_has(&set, 2997) && !base_set_has(&set, 2998));
    base_set_free(&set);
}

/* As Nsight Systems 2025.3 spells them. */
static void test_kernel_names(void **state) {
    (void)state;
    static const char *const names[][3] = {
        {"nvjet_sm90_tst_64x8_64x16_4x1_v_bz_TNT", "nvjet_sm90_tst_64x8_64x16_4x1_v_bz_TNT",
         "nvjet_sm90_tst_64x8_64x16_4x1_v_bz_TNT"},
        {"_ZN2at6native29vectorized_elementwise_kernelILi4ENS0_13AUnaryFunctorIN3c108BFloat16ES4_bNS0_51_"
         "GLOBAL__N__28ce311f_18_"
         "CompareEQKernel_cu_d8008c9616CompareEqFunctorIS4_EEEESt5arrayIPcLm2EEEEviT0_T1_",
         "void at::native::vectorized_elementwise_kernel<(int)4, at::native::AUnaryFunctor<c10::BFloat16, "
         "c10::BFloat16, bool, "
         "at::native::<unnamed>::CompareEqFunctor<c10::BFloat16>>, std::array<char *, (unsigned "
         "long)2>>(int, T2, T3)",
         "vectorized_elementwise_kernel"},
        {"_ZN2at6native13reduce_kernelILi512ELi1ENS0_8ReduceOpIbNS0_14func_wrapper_tIbZZZNS0_15and_kernel_"
         "cudaERNS_"
         "14TensorIteratorEENKUlvE_clEvENKUlvE10_clEvEUlbbE_EEjbLi4ELi4EEEEEvT1_",
         "void at::native::reduce_kernel<(int)512, (int)1, at::native::ReduceOp<bool, "
         "at::native::func_wrapper_t<bool, "
         "at::native::and_kernel_cuda(at::TensorIterator &)::[lambda() (instance 1)]::operator ()() "
         "const::[lambda() (instance "
         "12)]::operator ()() const::[lambda(bool, bool) (instance 1)]>, unsigned int, bool, (int)4, "
         "(int)4>>(T3)",
         "reduce_kernel"},
        {"_ZN7cutlass7Kernel2I63cutlass_80_tensorop_bf16_s16816gemm_bf16_128x128_64x3_tn_align2EEvNT_"
         "6ParamsE",
         "void cutlass::Kernel2<cutlass_80_tensorop_bf16_s16816gemm_bf16_128x128_64x3_tn_align2>(T1::Params)",
         "Kernel2"},
        {"_ZN2at6native18elementwise_kernelILi128ELi4EZNS0_22gpu_kernel_impl_nocastINS0_15CUDAFunctor_"
         "addIN3c108BFloat16EEEEEvRNS_"
         "18TensorIteratorBaseERKT_EUliE_EEviT1_",
         "void at::native::elementwise_kernel<(int)128, (int)4, void "
         "at::native::gpu_kernel_impl_nocast<at::native::CUDAFunctor_add<"
         "c10::BFloat16>>(at::TensorIteratorBase &, const T1 &)::[lambda(int) (instance 1)]>(int, T3)",
         "elementwise_kernel"},
        {"_ZN43_GLOBAL__N__b6de9c8c_10_SoftMax_cu_9f978f6320softmax_warp_forwardIfffLi10ELb0ELb0EEEvPT0_PKT_"
         "iiiPKbib",
         "void <unnamed>::softmax_warp_forward<float, float, float, (int)10, (bool)0, (bool)0>(T2 *, const "
         "T1 *, int, int, int, "
         "const bool *, int, bool)",
         "softmax_warp_forward"},
        {"_ZN8internal5gemvx6kernelIiLb1EEENSt9enable_ifIXntT0_EvE4typeET_",
         "std::enable_if<!T2, void>::type internal::gemvx::kernel<int, (bool)1>(T1)", "kernel"},
        {"_ZN2at6native19indexFuncLargeIndexIlLi2ELin2EEEvT_RKS2_",
         "void at::native::indexFuncLargeIndex<long, (int)2, (int)-2>(T1, const T1 &)",
         "indexFuncLargeIndex"},
        {"_Z1fv", "f()", "f"},
        {"_ZN1", "_ZN1", "_ZN1"},
        {"", "", ""},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *demangled = names_kernel_demangled(names[i][0]), *base = names_kernel_short(names[i][0]);
        assert_string_equal(demangled, names[i][1]);
        assert_string_equal(base, names[i][2]);
        free(demangled);
        free(base);
    }
}

/* Names that end anywhere, or have a byte that is wrong, cost nothing but their beauty. */
static void test_broken_names(void **state) {
    (void)state;
    static const char whole[] =
        "_ZN2at6native18elementwise_kernelILi128ELi4EZNS0_22gpu_kernel_impl_nocastINS0_15CUDAFunctor_addI"
        "fEEEEvRNS_18TensorIteratorBaseERKT_EUliE_EEviT1_";
    char name[sizeof whole];
    uint32_t random = 3;
    for (int i = 0; i < 20000; i++) {
        memcpy(name, whole, sizeof whole);
        for (int j = 0; j < 1 + i % 4; j++) {
            random = random * 1664525u + 1013904223u;
            name[2 + (random >> 16) % (sizeof whole - 3)] =
                "0123456789ABCDEFILNPQRSTUXZ_abcdefghijlmnorstuvxyz"[(random >> 8) % 50];
        }
        name[i % 5 == 0 ? 2 + (random >> 20) % (sizeof whole - 3) : sizeof whole - 1] = '\0';
        free(names_kernel_demangled(name));
        free(names_kernel_short(name));
    }
}

static void test_utf8(void **state) {
    (void)state;
    static const struct {
        const char *text, *clean;
    } cases[] = {{"plain", "plain"},
                 {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
                 {"\xff", "\xef\xbf\xbd"},
                 {"a\xc3", "a\xef\xbf\xbd"},
                 {"\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd"},
                 {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t len = strlen(cases[i].text);
        char *clean = base_utf8_clean(cases[i].text, &len);
        assert_string_equal(clean, cases[i].clean);
        assert_int_equal(len, strlen(cases[i].clean));
        free(clean);
    }
}

/* 300 = ac 02; a nested message has its length in four bytes. */
static void test_proto(void **state) {
    (void)state;
    static const uint8_t wanted[] = {0x52, 0x83, 0x80, 0x80, 0x00, 0x08, 0xac, 0x02, 0x12, 0x02, 'h', 'i'};
    base_protobuf p = {0};
    size_t opened = base_protobuf_open(&p, 10);
    base_protobuf_varint(&p, 1, 300);
    base_protobuf_close(&p, opened);
    base_protobuf_text(&p, 2, "hi");
    assert_int_equal(p.len, sizeof wanted);
    assert_memory_equal(p.bytes, wanted, sizeof wanted);
    base_protobuf_free(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sorter),       cmocka_unit_test(test_bits), cmocka_unit_test(test_kernel_names),
        cmocka_unit_test(test_broken_names), cmocka_unit_test(test_utf8), cmocka_unit_test(test_proto)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
