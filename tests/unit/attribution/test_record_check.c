/* Times that cannot be are found; what overlaps on a GPU for good reasons is not taken for that. */
#include "analysis/attribution/record_check.h"
#include "tests/unit/trace_builder.h"

static attribution_record_check check;
static uint64_t seen, impossible;

static void count_checked(const attribution_checked *r) {
    seen++;
    impossible += r->impossible;
}

static void put_work(uint8_t kind, uint32_t queue, uint32_t correlation, uint32_t graph, uint64_t start,
                     uint64_t end) {
    trace_gpu_event e = {.kind = kind,
                         .timed = true,
                         .queue = queue,
                         .correlation = correlation,
                         .graph = graph,
                         .start = start,
                         .end = end};
    const attribution_checked *oldest = attribution_record_check_make_room(&check);
    if (oldest) {
        count_checked(oldest);
    }
    attribution_record_check_put(&check, &e);
}

static void begin_check(void) {
    check = (attribution_record_check){0};
    seen = impossible = 0;
}

/* All records came out, and so many were impossible. */
static void assert_impossible(uint64_t records, uint64_t expected) {
    for (const attribution_checked *r; (r = attribution_record_check_take(&check)) != NULL;) {
        count_checked(r);
    }
    assert_int_equal(seen, records);
    assert_int_equal(impossible, expected);
}

/* A launch whose kernels run one after the other, but end as those of a launch `later` after it. */
static void put_graph(uint32_t correlation, uint32_t kernels, uint64_t start, uint64_t later) {
    for (uint64_t i = 0; i < kernels; i++) {
        put_work(TRACE_GPU_KERNEL, 0, correlation, 1, start + i * 100, start + i * 100 + 90 + later);
    }
}

static void ends_of_the_next_launch(void **state) {
    (void)state;
    static const uint32_t sizes[] = {ATTRIBUTION_CHECK_GRAPH, 60, ATTRIBUTION_CHECK_WINDOW, 4000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint64_t length = sizes[i] * 100u;
        begin_check();
        put_graph(1, sizes[i], 1000, 0);
        put_graph(2, sizes[i], 1000 + length, length);
        put_graph(3, sizes[i], 1000 + 3 * length, 0);
        put_graph(4, sizes[i], 1000 + 4 * length, 7 * length);
        assert_impossible(4ull * sizes[i], 2ull * sizes[i]);
    }
}

static void copies_of_a_wrong_launch(void **state) {
    (void)state;
    begin_check();
    for (uint64_t i = 0; i < 40; i++) {
        put_work(i % 4 == 3 ? TRACE_GPU_MEMCPY : TRACE_GPU_KERNEL, 0, 5, 1, 1000 + i * 100, 9000 + i * 100);
    }
    assert_impossible(40, 40);
}

/* Branches have streams of their own; so have other launches. */
static void streams_run_at_once(void **state) {
    (void)state;
    begin_check();
    for (uint32_t i = 0; i < 1000; i++) {
        put_work(TRACE_GPU_KERNEL, i % 40, 7, 1, 1000 + i, 1000 + i + 40);
    }
    assert_impossible(1000, 0);
    begin_check();
    for (uint32_t i = 0; i < 200; i++) {
        put_work(TRACE_GPU_KERNEL, i, 7, 1, 1000, 2000);
    }
    assert_impossible(200, 0);
}

/* Programmatic dependent launch: a kernel begins when the one before it allows it. */
static void dependent_launches_overlap(void **state) {
    (void)state;
    for (uint32_t graph = 0; graph < 2; graph++) {
        begin_check();
        for (uint32_t i = 0; i < 1000; i++) {
            put_work(TRACE_GPU_KERNEL, 0, graph ? 9 : 10 + i, graph, 1000 + 10ull * i,
                     1000 + 10ull * i + 500);
        }
        assert_impossible(1000, 0);
    }
    begin_check();
    put_graph(1, 5, 1000, 10000); /* five of them are no proof */
    assert_impossible(5, 0);
}

static void more_than_a_gpu_holds(void **state) {
    (void)state;
    begin_check();
    put_work(TRACE_GPU_KERNEL, 0, 1, 0, 1000, UINT64_MAX / 4);
    for (uint32_t i = 0; i < ATTRIBUTION_CHECK_AT_ONCE; i++) {
        put_work(TRACE_GPU_KERNEL, 0, 2 + i, 0, 2000 + i * 10, 2005 + i * 10);
    }
    assert_impossible(1 + ATTRIBUTION_CHECK_AT_ONCE, 1);
}

/* A kernel of one stream over some that ran one after another: for long, and it is wrong. */
static void long_after_successors(void **state) {
    (void)state;
    static const struct {
        uint32_t successors, graph;
        uint64_t longer, expected;
    } cases[] = {{ATTRIBUTION_CHECK_SUCCESSORS, 0, ATTRIBUTION_CHECK_OVERRUN + 1, 1},
                 {ATTRIBUTION_CHECK_SUCCESSORS, 0, ATTRIBUTION_CHECK_OVERRUN, 0},
                 {ATTRIBUTION_CHECK_SUCCESSORS - 1, 0, 1000000000, 0},
                 {ATTRIBUTION_CHECK_SUCCESSORS, 1, 1000000000, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int at_once = 0; at_once < 2; at_once++) {
            uint64_t last_end = 2000 + 10 * (cases[i].successors - 1) + 10;
            begin_check();
            put_work(TRACE_GPU_KERNEL, 0, 1, cases[i].graph, 1000, last_end + cases[i].longer);
            for (uint32_t s = 0; s < cases[i].successors; s++) {
                put_work(TRACE_GPU_KERNEL, 1, 100 + s, 0, 2000 + 10 * s,
                         2010 + 10 * s); /* another stream's */
                put_work(TRACE_GPU_KERNEL, 0, 2 + s, 0, 2000 + (at_once ? 0 : 10 * s),
                         at_once ? last_end : 2010 + 10 * s);
            }
            assert_impossible(1 + 2 * cases[i].successors, at_once ? 0 : cases[i].expected);
        }
    }
}

static void transfers_may_overlap(void **state) {
    (void)state;
    begin_check();
    for (uint32_t i = 0; i < 300; i++) {
        put_work(TRACE_GPU_MEMCPY, 0, 1 + i, 0, 1000 + i, 5000 + i);
    }
    assert_impossible(300, 0);
}

/* What loops and branches of graphs run comes without correlation ids, the last first: no launch can be told by id 0. */
static void bodies_of_graphs(void **state) {
    (void)state;
    begin_check();
    for (uint64_t i = 400; i-- > 0;) {
        put_work(TRACE_GPU_KERNEL, 0, 0, 1, 1000 + i * 100, 1090 + i * 100);
    }
    assert_impossible(400, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_of_graphs),           cmocka_unit_test(ends_of_the_next_launch),
        cmocka_unit_test(copies_of_a_wrong_launch),   cmocka_unit_test(streams_run_at_once),
        cmocka_unit_test(dependent_launches_overlap), cmocka_unit_test(more_than_a_gpu_holds),
        cmocka_unit_test(transfers_may_overlap),      cmocka_unit_test(long_after_successors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
