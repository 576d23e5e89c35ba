/* Kernels in loops and branches of graphs: which launch of their graph they belong to. */
#include "analysis/attribution/graph_bodies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { GRAPH = 3, OTHER = 4 };
static const uint64_t node = (uint64_t)GRAPH << 32 | 7, head = (uint64_t)GRAPH << 32 | 8;

static void put(attribution_bodies *b, uint32_t graph, uint32_t correlation, uint64_t called, uint64_t start,
                uint64_t end) {
    attribution_bodies_launch(b, &(attribution_graph_launch){.graph = graph,
                                                             .correlation = correlation,
                                                             .called = called,
                                                             .start = start,
                                                             .end = end,
                                                             .node = correlation});
}

static uint32_t found(attribution_bodies *b, uint64_t id, uint64_t time, bool second_pass) {
    const attribution_graph_launch *launch = attribution_bodies_find(b, id, time, second_pass);
    return launch ? launch->correlation : 0;
}

static void between_the_kernels_of_a_launch(void **state) {
    (void)state;
    attribution_bodies b = {0};
    put(&b, GRAPH, 2, 1500, 2000, 2010); /* later in time, earlier in the file */
    put(&b, GRAPH, 1, 900, 1000, 1010);
    put(&b, GRAPH, 1, 900, 1200, 1210); /* another kernel of the same launch */
    put(&b, OTHER, 3, 1050, 1060, 1070);
    attribution_bodies_sort(&b);
    assert_int_equal(found(&b, node, 1100, false), 1);
    assert_int_equal(found(&b, node, 1300, false), 1); /* behind it, and the next was not called yet */
    assert_int_equal(found(&b, node, 1499, false), 1);
    assert_int_equal(found(&b, node, 2500, false), 2);
    assert_int_equal(found(&b, (uint64_t)OTHER << 32 | 1, 1100, false), 3);
    assert_int_equal(found(&b, (uint64_t)9 << 32, 1100, true), 0); /* no launch of its graph */
    attribution_bodies_free(&b);
}

/* Launches wait for each other: what is between them ended the one or begins the next, as the node does elsewhere. */
static void between_launches(void **state) {
    (void)state;
    attribution_bodies b = {0};
    put(&b, GRAPH, 1, 900, 1000, 1010);
    put(&b, GRAPH, 2, 910, 2000, 2010);
    attribution_bodies_sort(&b);
    assert_int_equal(found(&b, node, 1500, false), 0);
    assert_int_equal(found(&b, head, 1500, false), 0);
    assert_int_equal(found(&b, node, 2500, false), 2); /* behind the last one: so it follows */
    assert_int_equal(found(&b, node, 1500, true), 1);
    assert_int_equal(found(&b, head, 1500, true), 2);
    assert_int_equal(found(&b, head, 950, true), 1);
    assert_int_equal(found(&b, head, 800, true), 0); /* before the first call */
    attribution_bodies_free(&b);
}

static void empty(void **state) {
    (void)state;
    attribution_bodies b = {0};
    attribution_bodies_sort(&b);
    assert_int_equal(found(&b, node, 1, false), 0);
    assert_int_equal(found(&b, node, 1, true), 0);
    attribution_bodies_free(&b);
}

/* Of launches that found no room nothing is known: the last one that did is not theirs. */
static void full(void **state) {
    (void)state;
    attribution_bodies b = {0};
    for (uint32_t i = 1; i <= ATTRIBUTION_BODIES + 1; i++) {
        put(&b, GRAPH, i, 10 * (uint64_t)i, 10 * (uint64_t)i, 10 * (uint64_t)i + 5);
    }
    attribution_bodies_sort(&b);
    assert_int_equal(found(&b, node, 10 * (uint64_t)ATTRIBUTION_BODIES + 12, true), 0);
    assert_int_equal(found(&b, node, 103, true), 10);
    attribution_bodies_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(between_the_kernels_of_a_launch),
        cmocka_unit_test(between_launches),
        cmocka_unit_test(empty),
        cmocka_unit_test(full),
    };
    return cmocka_run_group_tests_name("analysis: loops and branches of graphs", tests, NULL, NULL);
}
