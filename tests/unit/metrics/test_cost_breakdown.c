/* Where the time goes: roles of names, parts of the model, exclusive and inclusive time, fits. */
#include "tests/unit/trace_builder.h"

#include "analysis/stats/hypothesis_tests.h"
#include "analysis/stats/segmented_fit.h"

#include <math.h>

static void names_of_parts(void **state) {
    (void)state;
    static const struct {
        const char *text;
        names_role role;
    } cases[] = {
        {"attention", NAMES_ROLE_ATTENTION}, {"self_attn", NAMES_ROLE_ATTENTION},
        {"router", NAMES_ROLE_ROUTER},       {"gate", NAMES_ROLE_ROUTER},
        {"norm", NAMES_ROLE_NORM},           {"input_layernorm", NAMES_ROLE_NORM},
        {"ff_norm", NAMES_ROLE_NORM},        {"embed", NAMES_ROLE_EMBEDDING},
        {"lm_head", NAMES_ROLE_HEAD},        {"moe", NAMES_ROLE_NONE},
        {"norms", NAMES_ROLE_NONE},          {"blocks.3", NAMES_ROLE_LAYER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("  %s\n", cases[i].text);
        assert_int_equal(names_rules_match(NULL, cases[i].text, strlen(cases[i].text)).role, cases[i].role);
    }
    /* Names of any length are read, and bytes that end a C string are bytes. */
    char name[300];
    memset(name, 'a', sizeof name);
    memcpy(name + sizeof name - 5, "_norm", 5);
    assert_int_equal(names_rules_match(NULL, name, sizeof name).role, NAMES_ROLE_NORM);
    assert_int_equal(names_rules_match(NULL,
                                       "layer\0"
                                       "3",
                                       7)
                         .role,
                     NAMES_ROLE_NONE);
    assert_int_equal(names_rules_match(NULL, "layer3\0", 7).role, NAMES_ROLE_NONE);
}

static void rules_go_before(void **state) {
    (void)state;
    char list[][40] = {"decode", "h.{layer}.mlp.{expert}", "*a*b", "x{sep}{n}"};
    names_rule entries[] = {{list[0], NAMES_ROLE_NONE},
                            {list[1], NAMES_ROLE_EXPERT},
                            {list[2], NAMES_ROLE_HEAD},
                            {list[3], NAMES_ROLE_SAMPLE}};
    names_rules rules = {.list = entries, .count = 4};
    assert_int_equal(names_rules_match(&rules, "decode", 6).role, NAMES_ROLE_NONE);
    names_meaning m = names_rules_match(&rules, "h.12.mlp.7", 10);
    assert_true(m.role == NAMES_ROLE_EXPERT && m.layer == 12 && m.expert == 7);
    assert_int_equal(names_rules_match(&rules, "xaxbxaab", 8).role, NAMES_ROLE_HEAD);
    assert_int_equal(names_rules_match(&rules, "ba", 2).role, NAMES_ROLE_NONE);
    assert_int_equal(names_rules_match(&rules, "x:4", 3).role, NAMES_ROLE_SAMPLE);
    assert_int_equal(names_rules_match(&rules, "x::4", 4).role, NAMES_ROLE_NONE);
    assert_int_equal(names_rules_match(&rules, "prefill", 7).role, NAMES_ROLE_PREFILL);
    rules.alone = true;
    assert_int_equal(names_rules_match(&rules, "prefill", 7).role, NAMES_ROLE_NONE);
}

typedef struct {
    writer w;
    uint64_t now;
    uint32_t correlation;
} run;

/* Opens ranges, the last argument being NULL; launches one kernel of `ns` inside; closes them. */
static void put_work(run *r, uint64_t ns, const char *const *names) {
    size_t depth = 0;
    for (; names[depth]; depth++) {
        put_push(&r->w, 0, ++r->now, names[depth]);
    }
    put_launch(&r->w, 0, r->now, ++r->correlation);
    put_kernel(&r->w, r->correlation, r->now, r->now + ns);
    while (depth-- > 0) {
        put_pop(&r->w, 0, ++r->now);
    }
}

static uint64_t leaf(const metrics_results *r, attribution_phase phase, uint32_t layer, names_part part) {
    uint64_t ns = 0;
    for (size_t i = 0; i < r->costs.leaf_count; i++) {
        const metrics_leaf *l = &r->costs.leaves[i];
        ns += l->phase == phase && l->layer == layer && l->part == part ? l->ns : 0;
    }
    return ns;
}

static const metrics_range_row *range(const metrics_results *r, const char *path) {
    for (size_t i = 0; i < r->costs.range_count; i++) {
        char *text = metrics_range_paths_text(&r->costs.paths, r->costs.ranges[i].path);
        bool same = strcmp(text, path) == 0;
        free(text);
        if (same) {
            return &r->costs.ranges[i];
        }
    }
    fail_msg("no range %s", path);
    return NULL;
}

#define WORK(ns, ...) put_work(&r, ns, (const char *const[]){__VA_ARGS__, NULL})

static void every_kernel_is_in_one_leaf(void **state) {
    (void)state;
    run r = {0};
    metrics_results results;
    writer_open(&r.w);
    WORK(1, "sample.0", "vision", "vit.0", "attention");
    WORK(10, "sample.0", "decode", "decode.0", "layer.1", "attention", "norm");
    WORK(100, "sample.0", "decode", "decode.1", "layer.1", "moe", "expert.3", "norm");
    WORK(1000, "sample.1", "decode", "decode.0", "layer.1", "moe", "expert.4");
    WORK(10000, "sample.0", "decode", "decode.0", "layer.1", "moe", "router");
    WORK(100000, "sample.0", "decode", "decode.0", "layer.1", "moe");
    WORK(1000000, "sample.0", "decode", "decode.0", "head");
    WORK(10000000, "elsewhere");
    WORK(100000000, "warmup.0", "decode", "head");
    read_back(&r.w, &results);
    assert_int_equal(leaf(&results, ATTRIBUTION_VISION, BASE_NONE, NAMES_PART_VISION), 1);
    assert_int_equal(leaf(&results, ATTRIBUTION_DECODE, 1, NAMES_PART_NORM), 10);
    assert_int_equal(leaf(&results, ATTRIBUTION_DECODE, 1, NAMES_PART_EXPERT), 1100);
    assert_int_equal(leaf(&results, ATTRIBUTION_DECODE, 1, NAMES_PART_ROUTER), 10000);
    assert_int_equal(leaf(&results, ATTRIBUTION_DECODE, 1, NAMES_PART_OTHER), 100000);
    assert_int_equal(leaf(&results, ATTRIBUTION_DECODE, BASE_NONE, NAMES_PART_HEAD), 1000000);
    assert_int_equal(leaf(&results, ATTRIBUTION_PHASES, BASE_NONE, NAMES_PART_OTHER), 10000000);
    assert_int_equal(results.costs.attributed_ns, 11111111);
    uint64_t layers = 0;
    for (size_t i = 0; i < results.costs.layer_count; i++) {
        layers += results.costs.layers[i].all.ns;
    }
    assert_int_equal(layers, 11111111);
    const metrics_range_row *moe = range(&results, "sample.*/decode/decode.*/layer.*/moe");
    assert_int_equal(moe->exclusive.ns, 100000);
    assert_int_equal(moe->inclusive.ns, 111100);
    assert_int_equal(moe->calls, 4);
    assert_int_equal(range(&results, "sample.*/decode/decode.*/layer.*/moe/expert.*")->inclusive.ns, 1100);
    assert_int_equal(range(&results, "sample.*/decode")->inclusive.ns, 1111110);
    assert_int_equal(range(&results, "sample.*/decode")->exclusive.ns, 0);
    metrics_results_free(&results);
}

/* y = 2 + 3 x has no doubt about it; a constant x has no line. */
static void lines(void **state) {
    (void)state;
    const double x[] = {1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2}, same[12] = {0};
    const double y[] = {5, 5, 5, 5, 5, 5, 8, 8, 8, 8, 8, 8};
    const size_t strata[] = {0, 6, 12}, few[] = {0, 6, 11};
    stats_fit fit;
    assert_true(stats_fit_line(&fit, x, y, strata, 2));
    assert_true(fabs(fit.a - 2) < 1e-12 && fabs(fit.b - 3) < 1e-12 && fabs(fit.r2 - 1) < 1e-12);
    assert_true(fabs(fit.a_ci.low - 2) < 1e-9 && fabs(fit.b_ci.high - 3) < 1e-9);
    assert_false(stats_fit_line(&fit, same, y, strata, 2));
    assert_true(stats_fit_line(&fit, x, y, few, 2)); /* 5 points at some x: a line, but no interval */
    assert_true(fabs(fit.b - 3) < 1e-12 && isnan(fit.b_ci.low) && isnan(fit.a_ci.high));
    assert_false(stats_fit_line(&fit, x, y, (const size_t[]){0}, 0));
}

/* Of two lines the one that follows the points is preferred, and neither when both do. */
static void preferred_line(void **state) {
    (void)state;
    double x[18], z[18], y[18];
    const size_t strata[] = {0, 6, 12, 18}, few[] = {0, 6, 12, 17};
    for (int i = 0; i < 18; i++) {
        int step = i / 6;
        x[i] = 1 << step; /* 1, 2, 4 */
        z[i] = step;
        y[i] = x[i] + i % 6 * 0.01;
    }
    double by_x = stats_fit_preferred(x, z, y, strata, 3);
    assert_true(fabs(by_x - 1) < 1e-9 && stats_fit_preferred(z, x, y, strata, 3) == 0);
    assert_true(fabs(stats_fit_preferred(x, x, y, strata, 3) - 0.5) < 1e-9);
    for (int i = 0; i < 18; i++) {
        y[i] = i % 6; /* nothing but noise, the same at each x */
    }
    double share = stats_fit_preferred(x, z, y, strata, 3);
    assert_true(share > 0.1 && share < 0.9);
    assert_true(isnan(stats_fit_preferred(x, z, y, few, 3)));
}

/* Six points at each x: an exact line never breaks, an exact bend is found where it is, also between two x.
 */
static void breaks(void **state) {
    (void)state;
    const double x[] = {1, 2, 4, 8, 16, 32};
    const size_t strata[] = {0, 6, 12, 18, 24, 30, 36}, few[] = {0, 6, 12, 18, 24, 30, 35};
    double y[36];
    for (int bend = 0; bend < 3; bend++) { /* none, at 8, at 6 */
        for (int i = 0; i < 36; i++) {
            double at = bend == 1 ? 8 : 6, d = x[i / 6] - at;
            y[i] = 5 + 2 * x[i / 6] + (bend && d > 0 ? 3 * d : 0);
        }
        stats_breakpoint b = stats_find_breakpoint(x, y, strata, 6);
        assert_true(b.tested && b.changes == (bend > 0));
        if (bend > 0) {
            assert_true(fabs(b.at - (bend == 1 ? 8 : 6)) < 1e-9 && fabs(b.before - 2) < 1e-9 &&
                        fabs(b.after - 5) < 1e-9 && fabs(b.a - 5) < 1e-9 && fabs(b.r2 - 1) < 1e-12);
            assert_true(fabs(b.at_ci.low - b.at) < 1e-9 && fabs(b.change_ci.high - 3) < 1e-9);
        }
    }
    assert_false(stats_find_breakpoint(x, y, strata, 4).tested);
    assert_false(stats_find_breakpoint(x, y, few, 6).tested);
    assert_false(stats_find_breakpoint(x, y, (const size_t[]){0}, 0).changes);
}

/* Noise alone bends in fewer than one case of a hundred. */
static void noise_does_not_bend(void **state) {
    (void)state;
    enum { K = 6, EACH = 10, ROUNDS = 200 };
    const double x[K] = {1, 2, 4, 8, 16, 32};
    size_t strata[K + 1], bent = 0;
    double y[K * EACH];
    srand(5);
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < K * EACH; i++) {
            double noise = 0;
            for (int j = 0; j < 12; j++) {
                noise += (double)rand() / RAND_MAX - 0.5;
            }
            strata[i / EACH] = i / EACH * EACH;
            y[i] = 10 + x[i / EACH] * (1 + noise / 10); /* that grows with x, as that of latencies does */
        }
        strata[K] = (size_t)K * EACH;
        bent += stats_find_breakpoint(x, y, strata, K).changes;
    }
    print_message("  %zu of %d\n", bent, ROUNDS);
    assert_true(bent <= 2);
}

/* The same samples always give the same interval, which holds the estimate. */
static void intervals_are_repeatable(void **state) {
    (void)state;
    const double x[] = {1, 2, 3, 4, 5, 6, 7, 8, 20}, one[] = {3};
    stats_ci a = stats_bootstrap_p50(x, 9), b = stats_bootstrap_p50(x, 9);
    assert_true(a.low == b.low && a.high == b.high && a.low >= 2 && a.low < 5 && a.high > 5 && a.high <= 8);
    a = stats_bootstrap_mean(x, 9);
    assert_true(a.low < 56 / 9.0 && a.high > 56 / 9.0 && a.low > 2 && a.high < 16);
    a = stats_bootstrap_ratio(x, 9, x, 9);
    assert_true(a.low < 1 && a.high > 1);
    assert_true(isnan(stats_bootstrap_p50(one, 1).low) && isnan(stats_bootstrap_mean(one, 1).high));
    assert_true(isnan(stats_bootstrap_ratio(x, 9, one, 1).low));
    assert_true(isnan(stats_bootstrap_p50(x, 5).low) && isnan(stats_bootstrap_mean(x, 5).low) &&
                isnan(stats_bootstrap_ratio(x, 9, x, 5).low) &&
                !isnan(stats_bootstrap_ratio(x, 9, x, 6).low));
    const double even[] = {3, 3, 3, 3, 3, 3}, odd[] = {3, 3, 3, 3, 3, 4};
    a = stats_bootstrap_mean(even, 6);
    assert_true(a.low == 3 && a.high == 3);
    a = stats_bootstrap_mean(odd, 6);
    assert_true(a.low >= 3 && a.low < 3.1 && a.high > 3.4 && a.high <= 4);
}

/* What scipy 1.17 has: 2 * t.sf, mannwhitneyu with method="asymptotic", t.ppf. Holm's by hand. */
static void p_values(void **state) {
    (void)state;
    const double t[][3] = {{0, 5, 1},
                           {1, 5, 0.3632174676491229},
                           {2.5, 7.3, 0.03965023466560043},
                           {4, 40, 0.00026591239566669807},
                           {-8, 12, 3.759898224750258e-06},
                           {1.96, 1e6, 0.04999606758526985},
                           {30, 5.5, 2.61605375300935e-07}};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        assert_true(fabs(stats_student_p(t[i][0], t[i][1]) / t[i][2] - 1) < 1e-9);
    }
    const double x[] = {1, 2, 3, 4, 5, 6, 7, 8}, y[] = {3, 4, 5, 6, 7, 8, 9, 10, 10.5};
    const double z[] = {101, 102, 103, 104, 105, 106, 107, 108};
    assert_true(fabs(stats_rank_sum_p(x, 8, y, 9) / 0.09099666264147159 - 1) < 1e-9);
    assert_true(fabs(stats_rank_sum_p(z, 8, x, 8) / 0.0009391056991171899 - 1) < 1e-9);
    assert_true(stats_rank_sum_p(x, 8, x, 8) == 1 && isnan(stats_rank_sum_p(x, 8, x, 0)));
    double p[] = {0.03, 0.01, NAN, 0.04, 0.005, 0.9};
    const double want[] = {0.09, 0.04, NAN, 0.09, 0.025, 0.9};
    stats_adjust_p(p, 6, sizeof *p);
    for (int i = 0; i < 6; i++) {
        assert_true(i == 2 ? isnan(p[i]) : fabs(p[i] - want[i]) < 1e-12);
    }
    const double quantiles[][2] = {{5, 2.57058184}, {10, 2.22813885}, {23, 2.06865761}, {200, 1.97189622}};
    for (size_t i = 0; i < 4; i++) {
        assert_true(fabs(stats_student_quantile((size_t)quantiles[i][0]) / quantiles[i][1] - 1) < 0.002);
    }
    double chance;
    stats_estimate few = {1, 0.01, 4}, some = {2, 0.01, 5}, none = {2, 0, 5};
    assert_true(isnan(stats_ratio_test(few, some, &chance).low) && isnan(chance));
    stats_ci ci = stats_ratio_test(none, none, &chance);
    assert_true(ci.low == 1 && ci.high == 1 && chance == 1);
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Intervals of 95 % hold what they are to hold in about 95 of 100 cases, also of few and skewed samples; that
 * of a mean of 6 in 89, where a percentile interval would in 80. */
static void intervals_hold_the_truth(void **state) {
    (void)state;
    enum { ROUNDS = 400 };
    const size_t sizes[] = {6, 12, 50};
    srand(6);
    for (size_t s = 0; s < 3; s++) {
        size_t n = sizes[s], medians = 0, means = 0, ratios = 0;
        double x[50], y[50];
        for (int round = 0; round < ROUNDS; round++) {
            for (size_t i = 0; i < n; i++) { /* 30 ms and an exponential tail of 8 ms */
                x[i] = 30 - 8 * log((rand() + 1.0) / ((double)RAND_MAX + 1));
                y[i] = 30 - 8 * log((rand() + 1.0) / ((double)RAND_MAX + 1));
            }
            qsort(x, n, sizeof *x, ascending);
            qsort(y, n, sizeof *y, ascending);
            stats_ci p50 = stats_bootstrap_p50(x, n), mean = stats_bootstrap_mean(x, n);
            stats_ci ratio = stats_bootstrap_ratio(x, n, y, n);
            medians += p50.low <= 30 + 8 * log(2) && 30 + 8 * log(2) <= p50.high;
            means += mean.low <= 38 && 38 <= mean.high;
            ratios += ratio.low <= 1 && 1 <= ratio.high;
        }
        print_message("  n %zu: median %zu, mean %zu, ratio %zu of %d\n", n, medians, means, ratios, ROUNDS);
        assert_in_range(medians, ROUNDS * 91 / 100, ROUNDS * 98 / 100);
        assert_in_range(means, ROUNDS * (n < 10 ? 86 : 91) / 100, ROUNDS * 98 / 100);
        assert_in_range(ratios, ROUNDS * 92 / 100, ROUNDS * 99 / 100);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_parts),
        cmocka_unit_test(rules_go_before),
        cmocka_unit_test(every_kernel_is_in_one_leaf),
        cmocka_unit_test(lines),
        cmocka_unit_test(preferred_line),
        cmocka_unit_test(breaks),
        cmocka_unit_test(noise_does_not_bend),
        cmocka_unit_test(intervals_are_repeatable),
        cmocka_unit_test(p_values),
        cmocka_unit_test(intervals_hold_the_truth),
    };
    return cmocka_run_group_tests_name("analysis: costs", tests, NULL, NULL);
}
