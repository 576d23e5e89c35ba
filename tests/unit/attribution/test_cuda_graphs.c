/* CUDA graphs: replayed kernels belong to the launch's range and, below it, to that of their capture. */
#include "analysis/attribution/record_check.h"
#include "tests/unit/trace_builder.h"

static void put_graph(writer *w, uint32_t thread, uint64_t time, uint64_t graph) {
    put_host(w, thread, (trace_host_event){.kind = TRACE_HOST_GRAPH, .time = time, .id = graph});
}

static void put_node(writer *w, uint32_t thread, uint64_t time, uint32_t graph, uint64_t node, uint64_t of) {
    put_host(
        w, thread,
        (trace_host_event){.kind = TRACE_HOST_NODE, .time = time, .id = node, .graph = graph, .payload = of});
}

static void put_replay(writer *w, uint32_t correlation, uint64_t node, uint64_t start, uint64_t end) {
    trace_gpu_event e = {.kind = TRACE_GPU_KERNEL,
                         .timed = true,
                         .start = ZERO + start,
                         .end = ZERO + end,
                         .correlation = correlation,
                         .graph = 3,
                         .graph_node = node};
    assert_true(trace_put_gpu(writer_chunk(w, TRACE_CHUNK_GPU, 0), &e));
}

/* Graph 2 is captured under warmup.0 / decode, with nodes 21 in layer.3 / expert.7, 22 in layer.4 and 23 in
 * the range in which the graph was begun; graph 3 is its instance, and 31 to 33 are copies, 33 through 43.
 * Nsight Systems does not report graphs. */
static void put_capture(writer *w, bool graphs) {
    put_push(w, 0, 10, "warmup.0");
    put_push(w, 0, 11, "decode");
    if (graphs) {
        put_graph(w, 0, 12, 2);
    }
    put_push(w, 0, 13, "layer.3");
    put_push(w, 0, 14, "expert.7");
    put_node(w, 0, 15, 2, 21, 0);
    put_pop(w, 0, 16);
    put_pop(w, 0, 17);
    put_push(w, 0, 18, "layer.4");
    put_node(w, 0, 19, 2, 22, 0);
    put_pop(w, 0, 20);
    put_node(w, 0, 21, 2, 23, 0);
    if (graphs) {
        put_graph(w, 0, 22, 3);
    }
    put_node(w, 0, 23, 3, 31, 0); /* as CUPTI does: made here, and then that it is a copy */
    put_node(w, 0, 23, 3, 31, 21);
    put_node(w, 0, 23, 3, 32, 22);
    put_node(w, 0, 23, 4, 43, 23);
    put_node(w, 0, 23, 3, 33, 43);
    put_pop(w, 0, 24);
    put_pop(w, 0, 25);
}

static void put_launches(writer *w) {
    for (uint32_t i = 0; i < 3; i++) {
        put_push(w, 0, 1000 * i + 1001, "sample.0");
        put_push(w, 0, 1000 * i + 1002, "decode");
        put_push(w, 0, 1000 * i + 1003, "decode.0");
        put_launch(w, 0, 1000 * i + 1004, i + 1);
        for (uint32_t j = 0; j < 3; j++) {
            put_pop(w, 0, 1000 * i + 1900 + j);
        }
    }
}

static void put_replays(writer *w) {
    for (uint32_t i = 0; i < 3; i++) {
        uint64_t at = 1000 * i + 1100;
        put_replay(w, i + 1, 31, at, at + 10);
        put_replay(w, i + 1, 32, at + 20, at + 120);
        put_replay(w, i + 1, 33, at + 200, at + 201);
        put_replay(w, i + 1, 99, at + 300, at + 302); /* nothing is known of its node */
    }
}

static uint64_t leaf_ns(const metrics_results *r, uint32_t layer, names_part part) {
    uint64_t ns = 0;
    for (size_t i = 0; i < r->costs.leaf_count; i++) {
        const metrics_leaf *leaf = &r->costs.leaves[i];
        assert_int_equal(leaf->phase, ATTRIBUTION_DECODE);
        ns += leaf->layer == layer && leaf->part == part ? leaf->ns : 0;
    }
    return ns;
}

/* Whatever the order of capture, launches and GPU records in the file, and whether the beginning of graphs is
 * told. */
static void replay_is_attributed_to_the_capture(void **state) {
    (void)state;
    for (int order = 0; order < 6; order++) {
        writer w;
        metrics_results r;
        writer_open(&w);
        if (order % 3 == 2) {
            put_replays(&w);
        }
        put_capture(&w, order < 3);
        put_launches(&w);
        if (order % 3 < 2) {
            put_replays(&w);
        }
        read_back(&w, &r);
        assert_int_equal(r.costs.experts[0].expert, 7);
        assert_int_equal(r.costs.layer_experts[0].layer, 3);
        assert_int_equal(r.costs.experts[0].kernels, 3);
        assert_int_equal(r.costs.experts[0].kernel_ns, 30);
        assert_int_equal(r.costs.experts[0].calls, 0); /* the range itself lay in the warm-up */
        assert_int_equal(leaf_ns(&r, 3, NAMES_PART_EXPERT), 30);
        assert_int_equal(leaf_ns(&r, 4, NAMES_PART_OTHER), 300);
        assert_int_equal(leaf_ns(&r, BASE_NONE, NAMES_PART_OTHER), 3 + 6);
        assert_int_equal(r.unknown_nodes, 3);
        assert_int_equal(r.costs.attributed_ns, r.kernels_all.ns);
        const metrics_row *row = row_of(&r, BASE_NONE, METRICS_ROW_DECODE);
        assert_true(row->latency.n == 3 && row->kernels == 4);
        metrics_results_free(&r);
    }
}

/* The making of the nodes is in a chunk behind the launches and their records: of another thread, say. */
static void capture_may_be_read_last(void **state) {
    (void)state;
    writer w;
    metrics_results r;
    writer_open(&w);
    put_push(&w, 1, 1001, "decode");
    put_launch(&w, 1, 1002, 1);
    put_pop(&w, 1, 1900);
    put_replay(&w, 1, 31, 1100, 1110);
    put_replay(&w, 1, 31, 1110, 1120);
    put_replay(&w, 1, 32, 1120, 1220);
    put_capture(&w, true);
    read_back(&w, &r);
    assert_int_equal(leaf_ns(&r, 3, NAMES_PART_EXPERT), 20);
    assert_int_equal(leaf_ns(&r, 4, NAMES_PART_OTHER), 100);
    assert_int_equal(r.unknown_nodes, 0);
    metrics_results_free(&r);
}

/* A range that was open when the graph was begun and closed before the node was made is not repeated, and one
 * that was opened after it is. */
static void ranges_opened_since_the_beginning_count(void **state) {
    (void)state;
    writer w;
    metrics_results r;
    writer_open(&w);
    put_push(&w, 0, 1, "a");
    put_push(&w, 0, 2, "layer.1");
    put_graph(&w, 0, 3, 2);
    put_pop(&w, 0, 4);
    put_push(&w, 0, 5, "layer.2");
    put_node(&w, 0, 6, 2, 21, 0);
    put_pop(&w, 0, 7);
    put_pop(&w, 0, 8);
    put_push(&w, 0, 10, "decode");
    put_launch(&w, 0, 11, 1);
    put_pop(&w, 0, 12);
    put_replay(&w, 1, 21, 100, 140);
    read_back(&w, &r);
    assert_int_equal(leaf_ns(&r, 2, NAMES_PART_OTHER), 40);
    metrics_results_free(&r);
}

/* Copies that go round in a circle end nowhere, and the reader does. */
static void circles_of_copies_end(void **state) {
    (void)state;
    writer w;
    metrics_results r;
    writer_open(&w);
    put_node(&w, 0, 1, 2, 21, 22);
    put_node(&w, 0, 2, 2, 22, 21);
    put_push(&w, 0, 10, "decode");
    put_launch(&w, 0, 11, 1);
    put_pop(&w, 0, 12);
    put_replay(&w, 1, 21, 100, 140);
    read_back(&w, &r);
    assert_int_equal(leaf_ns(&r, BASE_NONE, NAMES_PART_OTHER), 40);
    assert_int_equal(r.unknown_nodes, 1);
    metrics_results_free(&r);
}

/* Between the launches node 31, captured in layer.3, becomes a copy of the one in layer.4, and then of its first again: each
 * launch has what it was then. Updates are told by the launching thread, by another one in another order, and may be read
 * behind the records. */
static void updates_hold_from_then_on(void **state) {
    (void)state;
    for (int order = 0; order < 3; order++) {
        writer w;
        metrics_results r;
        writer_open(&w);
        if (order == 2) {
            put_replays(&w);
        }
        put_capture(&w, true);
        if (order == 1) {
            put_node(&w, 1, 2950, 3, 31, 21);
            put_node(&w, 2, 1950, 3, 31, 22);
        } else {
            put_node(&w, 0, 1950, 3, 31, 22);
            put_node(&w, 0, 2950, 3, 31, 21);
        }
        put_launches(&w);
        if (order != 2) {
            put_replays(&w);
        }
        read_back(&w, &r);
        assert_int_equal(leaf_ns(&r, 3, NAMES_PART_EXPERT), 20);
        assert_int_equal(leaf_ns(&r, 4, NAMES_PART_OTHER), 310);
        assert_int_equal(r.costs.attributed_ns, r.kernels_all.ns);
        metrics_results_free(&r);
    }
}

/* What became known only after its launches were read is summed, and a node that changed among them is not known. */
static void an_update_among_summed_launches(void **state) {
    (void)state;
    writer w;
    metrics_results r;
    writer_open(&w);
    put_launches(&w);
    put_replays(&w);
    for (uint32_t i = 0; i < ATTRIBUTION_CHECK_WINDOW; i++) { /* the others leave the window */
        put_replay(&w, 3, 99, 5000 + i, 5000 + i);
    }
    put_capture(&w, true);
    put_node(&w, 1, 1950, 3, 31, 22);
    read_back(&w, &r);
    assert_int_equal(leaf_ns(&r, 3, NAMES_PART_EXPERT), 0);
    assert_int_equal(leaf_ns(&r, 4, NAMES_PART_OTHER), 300);
    assert_int_equal(r.unknown_nodes, 3 + 3 + ATTRIBUTION_CHECK_WINDOW);
    assert_int_equal(r.costs.attributed_ns, r.kernels_all.ns);
    metrics_results_free(&r);
}

/* Whatever the order of updates. */
static void many_updates(void **state) {
    (void)state;
    enum { MANY = 2000 };
    writer w;
    metrics_results r;
    writer_open(&w);
    put_capture(&w, true);
    for (uint32_t i = 0; i < MANY; i++) {
        put_node(&w, 1 + i % 2, 2 * (i % 2 ? MANY - i : i), 3, 31, 21 + i % 2);
    }
    put_launches(&w);
    for (uint32_t i = 0; i < MANY; i++) {
        put_replay(&w, 1 + i % 3, 31, 50000 + 10 * i, 50000 + 10 * i + 1);
    }
    read_back(&w, &r);
    assert_int_equal(leaf_ns(&r, 3, NAMES_PART_EXPERT) + leaf_ns(&r, 4, NAMES_PART_OTHER), MANY);
    metrics_results_free(&r);
}

/* Graph 2, captured with node 21 in expert.7, is put into graph 5 in layer.3: CUPTI tells of the copies as graph 6, the
 * recorder as nodes of graph 5. Graph 7 is the instance, in which the node of the copy 71 gets the id 72. */
static void graphs_in_graphs(void **state) {
    (void)state;
    writer w;
    metrics_results r;
    writer_open(&w);
    put_push(&w, 0, 1, "prepare");
    put_graph(&w, 0, 2, 2);
    put_push(&w, 0, 3, "expert.7");
    put_node(&w, 0, 4, 2, 21, 0);
    put_pop(&w, 0, 5);
    put_pop(&w, 0, 6);
    put_push(&w, 0, 7, "build");
    put_graph(&w, 0, 8, 5);
    put_push(&w, 0, 9, "layer.3");
    put_node(&w, 0, 10, 5, 61, 0);
    put_node(&w, 0, 10, 5, 61, 21);
    put_pop(&w, 0, 11);
    put_graph(&w, 0, 12, 7);
    put_graph(&w, 0, 13, 8);
    put_node(&w, 0, 14, 8, 71, 0);
    put_node(&w, 0, 14, 8, 71, 61);
    put_node(&w, 0, 15, 7, 72, 71);
    put_pop(&w, 0, 16);
    put_push(&w, 0, 20, "decode");
    put_launch(&w, 0, 21, 1);
    put_pop(&w, 0, 22);
    put_replay(&w, 1, 72, 100, 140);
    read_back(&w, &r);
    assert_int_equal(leaf_ns(&r, 3, NAMES_PART_EXPERT), 40);
    assert_int_equal(r.costs.layer_experts[0].layer, 3);
    assert_int_equal(r.costs.layer_experts[0].expert, 7);
    assert_int_equal(r.unknown_nodes, 0);
    metrics_results_free(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replay_is_attributed_to_the_capture),
        cmocka_unit_test(capture_may_be_read_last),
        cmocka_unit_test(ranges_opened_since_the_beginning_count),
        cmocka_unit_test(circles_of_copies_end),
        cmocka_unit_test(graphs_in_graphs),
        cmocka_unit_test(updates_hold_from_then_on),
        cmocka_unit_test(an_update_among_summed_launches),
        cmocka_unit_test(many_updates),
    };
    return cmocka_run_group_tests_name("analysis: graphs", tests, NULL, NULL);
}
