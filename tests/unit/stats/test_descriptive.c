/* Quantiles, means and deviations. */
#include "tests/unit/trace_builder.h"

#include "analysis/stats/descriptive.h"

#include <math.h>

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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statistics_are_numpys),
        cmocka_unit_test(selecting_agrees_with_sorting),
    };
    return cmocka_run_group_tests_name("stats: descriptive", tests, NULL, NULL);
}
