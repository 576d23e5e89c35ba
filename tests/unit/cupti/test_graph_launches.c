/* Which records of graph launches keep their times. */
#include "cupti/cupti_abi.h"
#include "cupti/cupti_graph_launches.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static int first_graph, second_graph;

static int forget_all(void **state) {
    (void)state;
    cupti_graph_launches_forget();
    return 0;
}

static void launch(uint32_t correlation, const void *graph) {
    cupti_graph_launches_begin(correlation);
    cupti_graph_launches_end(correlation, graph, false);
}

enum { LEFT_OUT, UNTIMED, TIMED };

static int deliver(uint32_t correlation) {
    cupti_kernel k = {.kind = CUPTI_ABI_KIND_CONCURRENT_KERNEL,
                      .correlation = correlation,
                      .graph = 1,
                      .start = 10,
                      .end = 20};
    bool wanted = cupti_graph_launches_record(&k);
    if (!wanted) {
        return LEFT_OUT;
    }
    return k.start == 10 && k.end == 20 ? TIMED : UNTIMED;
}

static void delivered_in_time(void **state) {
    (void)state;
    launch(5, &first_graph);
    assert_true(cupti_graph_launches_pending());
    assert_int_equal(deliver(5), TIMED);
    assert_int_equal(deliver(5), TIMED);
    assert_false(cupti_graph_launches_pending());
    cupti_graph_launches_close(6);
    assert_int_equal(deliver(6), LEFT_OUT); /* of the first launch after that */
    launch(7, &first_graph);
    assert_int_equal(deliver(7), TIMED);
}

/* Only the latest launch of each graph is at risk. */
static void given_up(void **state) {
    (void)state;
    launch(1, &first_graph);
    launch(2, &second_graph);
    launch(3, &first_graph);
    launch(4, &first_graph);
    cupti_graph_launches_close(4);
    assert_false(cupti_graph_launches_pending());
    assert_int_equal(deliver(1), TIMED);
    assert_int_equal(deliver(2), UNTIMED);
    assert_int_equal(deliver(3), TIMED);
    assert_int_equal(deliver(4), UNTIMED);
    assert_int_equal(deliver(4), UNTIMED);
}

static void overwritten(void **state) {
    (void)state;
    launch(1, &first_graph);
    launch(2, &second_graph);
    cupti_graph_launches_overwrite(&first_graph, 3);
    assert_true(cupti_graph_launches_pending());
    assert_int_equal(deliver(2), TIMED);
    assert_false(cupti_graph_launches_pending());
    cupti_graph_launches_overwrite(&second_graph, 4); /* its records are here */
    assert_int_equal(deliver(2), TIMED);
    assert_int_equal(deliver(1), UNTIMED);
    cupti_graph_launches_begin(5);
    cupti_graph_launches_overwrite(&first_graph, 5); /* records went off while it was launched */
    assert_false(cupti_graph_launches_pending());
    assert_int_equal(deliver(5), UNTIMED);
}

static void failed(void **state) {
    (void)state;
    launch(1, &first_graph);
    cupti_graph_launches_begin(2);
    cupti_graph_launches_end(2, &first_graph, true);
    assert_true(cupti_graph_launches_pending());
    assert_int_equal(deliver(1), TIMED);
    assert_false(cupti_graph_launches_pending());
}

/* More launches and graphs than there is room for: their times are missing, and no other's are wrong. */
static void too_many(void **state) {
    (void)state;
    static const char graphs[20000];
    for (uint32_t i = 1; i < 20000; i++) {
        launch(i, &graphs[i]);
    }
    cupti_graph_launches_close(19999);
    for (uint32_t i = 1; i < 20000; i++) {
        assert_int_equal(deliver(i), UNTIMED);
    }
    launch(20000, &graphs[1]);
    assert_int_equal(deliver(20000), TIMED);
    assert_false(cupti_graph_launches_pending());
}

static void work_outside_of_graphs(void **state) {
    (void)state;
    launch(1, &first_graph);
    cupti_graph_launches_close(3);
    cupti_kernel k = {.kind = CUPTI_ABI_KIND_CONCURRENT_KERNEL, .correlation = 2, .start = 10, .end = 20};
    assert_true(cupti_graph_launches_record(&k));
    assert_int_equal(k.start, 10);
}

static int deliver_at(uint64_t start) {
    cupti_kernel k = {
        .kind = CUPTI_ABI_KIND_CONCURRENT_KERNEL, .graph = 1, .start = start, .end = start + 10};
    if (!cupti_graph_launches_record(&k)) {
        return LEFT_OUT;
    }
    return k.start == start ? TIMED : UNTIMED;
}

/* What loops and branches run has no correlation id, as the record of a launch while records were off may have none: they
 * stand for no launch, and those of a time when records were off are left out. */
static void without_a_correlation_id(void **state) {
    (void)state;
    const uint64_t second = 1000000000;
    cupti_graph_launches_open(second);
    launch(5, &first_graph);
    assert_int_equal(deliver_at(2 * second), TIMED);
    assert_true(cupti_graph_launches_pending());
    assert_int_equal(deliver(5), TIMED);
    assert_false(cupti_graph_launches_pending());
    assert_int_equal(deliver_at(2 * second + 50), TIMED);
    assert_false(cupti_graph_launches_pending());
    cupti_graph_launches_close(5);
    assert_int_equal(deliver_at(3 * second), LEFT_OUT);
    cupti_graph_launches_open(4 * second);
    assert_int_equal(deliver_at(3 * second), LEFT_OUT);
    assert_int_equal(deliver_at(5 * second), TIMED);
}

/* Records must be looked at once there are graphs, also when none was launched while records were on. */
static void nothing_was_launched(void **state) {
    (void)state;
    cupti_graph_launches_open(1);
    cupti_graph_launches_close(7);
    assert_false(cupti_graph_launches_need_records());
    cupti_graph_launches_exist();
    assert_true(cupti_graph_launches_need_records());
    assert_int_equal(deliver(7), LEFT_OUT);
    cupti_graph_launches_open(2);
    launch(8, &first_graph);
    assert_int_equal(deliver(8), TIMED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(delivered_in_time, forget_all),
        cmocka_unit_test_setup(given_up, forget_all),
        cmocka_unit_test_setup(overwritten, forget_all),
        cmocka_unit_test_setup(failed, forget_all),
        cmocka_unit_test_setup(too_many, forget_all),
        cmocka_unit_test_setup(work_outside_of_graphs, forget_all),
        cmocka_unit_test_setup(without_a_correlation_id, forget_all),
        cmocka_unit_test_setup(nothing_was_launched, forget_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
