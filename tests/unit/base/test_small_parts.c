/* The analyser's small parts: names, statistics, unions of intervals, text that fits. */
#include "tests/unit/trace_builder.h"

#include "analysis/attribution/gpu_busy.h"
#include "analysis/base/text.h"
#include "analysis/base/u64_map.h"
#include "analysis/names/kernel_display_name.h"
#include "analysis/names/name_table.h"
#include "analysis/report/text_table.h"
#include "analysis/stats/descriptive.h"

#include <math.h>

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

static void map_agrees_with_a_list(void **state) {
    (void)state;
    enum { KEYS = 512 };
    uint32_t want[KEYS];
    base_map map = {0};
    memset(want, 0xff, sizeof want);
    srand(1);
    for (int i = 0; i < 20000; i++) {
        uint64_t key = (uint64_t)(rand() % KEYS);
        uint32_t value = rand() % 3 ? (uint32_t)rand() : BASE_NONE;
        base_map_put(&map, key << 40, value);
        want[key] = value;
    }
    for (uint64_t key = 0; key < KEYS; key++) {
        assert_int_equal(base_map_get(&map, key << 40), want[key]);
    }
    base_map_free(&map);
}

/* What numpy 2 prints for these values: np.percentile(x, [50, 95, 99]), x.mean(), x.std(). */
static void statistics_are_numpys(void **state) {
    (void)state;
    double x[] = {12.5, 3.25, 7.0, 100.0, 3.5, 9.75, 4.0};
    stats_summary s = stats_summarize(x, 7);
    assert_int_equal(s.n, 7);
    assert_true(fabs(s.p50 - 7.0) < 1e-12);
    assert_true(fabs(s.p95 - 73.74999999999996) < 1e-12);
    assert_true(fabs(s.p99 - 94.75) < 1e-12);
    assert_true(fabs(s.mean - 20.0) < 1e-12);
    assert_true(fabs(s.std - 32.81795022762478) < 1e-12);
    assert_true(s.min == 3.25 && s.max == 100.0);
    double one[] = {4.5};
    s = stats_summarize(one, 1);
    assert_true(s.p50 == 4.5 && s.p99 == 4.5 && s.std == 0.0);
    assert_int_equal(stats_summarize(NULL, 0).n, 0);
    const double two[] = {1.0, 3.0};
    assert_true(stats_quantile(two, 2, 0.0) == 1.0 && stats_quantile(two, 2, 1.0) == 3.0);
}

static void union_agrees_with_a_bitmap(void **state) {
    (void)state;
    enum { LENGTH = 4000 };
    srand(2);
    for (int round = 0; round < 200; round++) {
        bool covered[LENGTH] = {false};
        attribution_busy busy = {0};
        uint64_t want = 0;
        for (int i = rand() % 200; i > 0; i--) {
            uint64_t start = (uint64_t)(rand() % (LENGTH - 50)), end = start + (uint64_t)(rand() % 50);
            attribution_busy_add(&busy, 0, start, end);
            memset(covered + start, true, end - start);
        }
        for (int i = 0; i < LENGTH; i++) {
            want += covered[i];
        }
        assert_int_equal(attribution_busy_settle(&busy), want);
        assert_int_equal(busy.late, 0);
    }
}

/* More intervals than the window holds, locally shuffled, of two parts that overlap or not: exact, and no
 * more memory than the window. */
static void union_folds(void **state) {
    (void)state;
    for (uint64_t length = 4; length <= 13; length += 9) {
        attribution_busy busy = {0};
        uint64_t n = 5 * ATTRIBUTION_BUSY_WINDOW, all = length == 4 ? 4 * n : 10 * n + 3;
        attribution_busy_part(&busy);
        attribution_busy_part(&busy);
        for (uint64_t i = 0; i < n; i++) {
            uint64_t at = i ^ 0x3f; /* runs of 64, backwards */
            attribution_busy_add(&busy, 1 + at % 2, 10 * at, 10 * at + length);
        }
        assert_true(busy.cap <= 2 * ATTRIBUTION_BUSY_WINDOW);
        assert_int_equal(attribution_busy_settle(&busy), all);
        assert_int_equal(busy.late, 0);
        for (uint32_t part = 1; part <= 2; part++) {
            const attribution_busy_sums *sums = attribution_busy_sums_of(&busy, part);
            assert_int_equal(sums->settled, length * n / 2);
            assert_int_equal(sums->gap, 20 - length);
        }
        attribution_busy_add(&busy, 1, 0, 3); /* far too late: said, not counted twice */
        assert_int_equal(busy.late, 1);
        assert_int_equal(attribution_busy_settle(&busy), all);
        attribution_busy_free(&busy);
    }
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Selecting agrees with sorting, also where values repeat; values that are none do no harm. */
static void selecting_agrees_with_sorting(void **state) {
    (void)state;
    double values[60], sorted[60];
    srand(5);
    for (int round = 0; round < 20000; round++) {
        size_t n = 1 + (size_t)rand() % 60, place = (size_t)rand() % n;
        int distinct = 1 + rand() % 60;
        for (size_t i = 0; i < n; i++) {
            values[i] = sorted[i] = rand() % distinct;
        }
        qsort(sorted, n, sizeof *sorted, ascending);
        stats_select(values, n, place);
        assert_true(values[place] == sorted[place]);
        for (size_t i = 0; i < n; i++) {
            assert_true(i < place ? values[i] <= values[place] : values[i] >= values[place]);
        }
        values[(size_t)rand() % n] = NAN;
        stats_select(values, n, place);
    }
}

static void text_is_shortened_by_characters(void **state) {
    (void)state;
    char *s = base_text_shorten("abcdefghijklmnop", 10);
    assert_string_equal(s, "abcdef...p");
    free(s);
    s = base_text_shorten("short", 10);
    assert_string_equal(s, "short");
    free(s);
    s = base_text_shorten("ééééééééééééé", 10); /* two bytes each */
    assert_int_equal(base_text_width(s), 10);
    assert_string_equal(s, "éééééé...é");
    free(s);
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
        cmocka_unit_test(map_agrees_with_a_list),
        cmocka_unit_test(statistics_are_numpys),
        cmocka_unit_test(selecting_agrees_with_sorting),
        cmocka_unit_test(union_agrees_with_a_bitmap),
        cmocka_unit_test(union_folds),
        cmocka_unit_test(text_is_shortened_by_characters),
        cmocka_unit_test(kernels_are_demangled),
    };
    return cmocka_run_group_tests_name("analysis: core", tests, NULL, NULL);
}
