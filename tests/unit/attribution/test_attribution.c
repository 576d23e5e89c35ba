/* Which range owns what: order of arrival, domains, threads, start/end ranges, losses. */
#include "analysis/attribution/attribution.h"
#include "analysis/attribution/record_check.h"
#include "analysis/base/limits.h"
#include "tests/unit/trace_builder.h"

/* The launch says which phase the work belongs to, and its end counts for the latency, whatever the order in
 * which the two records stand in the file. */
static void owner_in_either_order(void **state) {
    (void)state;
    for (int gpu_first = 0; gpu_first < 2; gpu_first++) {
        writer w;
        metrics_results r;
        writer_open(&w);
        if (gpu_first) {
            put_kernel(&w, 5, 150, 900000);
        }
        put_push(&w, 0, 100, "prefill");
        put_launch(&w, 0, 110, 5);
        put_pop(&w, 0, 200);
        if (!gpu_first) {
            put_kernel(&w, 5, 150, 900000);
        }
        read_back(&w, &r);
        const metrics_row *row = row_of(&r, BASE_NONE, METRICS_ROW_PREFILL);
        assert_int_equal(row->latency.n, 1);
        assert_true(row->latency.p50 == (900000 - 100) / 1e6);
        assert_true(row->busy == (900000 - 150) / 1e6);
        assert_int_equal(r.kernels_in_ranges.ns, 900000 - 150);
        metrics_results_free(&r);
    }
}

static void latency_is_no_shorter_than_the_range(void **state) {
    (void)state;
    writer w;
    metrics_results r;
    writer_open(&w);
    put_push(&w, 0, 100, "vision");
    put_launch(&w, 0, 110, 5);
    put_kernel(&w, 5, 120, 130);
    put_pop(&w, 0, 5000);
    read_back(&w, &r);
    assert_true(row_of(&r, BASE_NONE, METRICS_ROW_VISION)->latency.p50 == 4900 / 1e6);
    metrics_results_free(&r);
}

/* All GPU records of one graph launch have its owner, those before the launch's record too. */
static void graph_launch_owns_many(void **state) {
    (void)state;
    writer w;
    metrics_results r;
    writer_open(&w);
    for (uint64_t i = 0; i < 3; i++) {
        put_kernel(&w, 9, 1000 + 10 * i, 1005 + 10 * i);
    }
    put_push(&w, 0, 100, "decode");
    put_launch(&w, 0, 110, 9);
    put_pop(&w, 0, 200);
    for (uint64_t i = 3; i < 5; i++) {
        put_kernel(&w, 9, 1000 + 10 * i, 1005 + 10 * i);
    }
    read_back(&w, &r);
    assert_int_equal(r.kernels_in_ranges.count, 5);
    assert_true(row_of(&r, BASE_NONE, METRICS_ROW_DECODE)->kernels == 5);
    metrics_results_free(&r);
}

/* Another domain nests across the default one's ranges and has the phase's name: it must do nothing. */
static void foreign_domain_does_not_disturb(void **state) {
    (void)state;
    writer w;
    metrics_results r;
    writer_open(&w);
    uint32_t domain = put_string(&w, "CCCL"), name = put_string(&w, "decode");
    put_push(&w, 0, 100, "prefill");
    put_host(&w, 0, (trace_host_event){.kind = TRACE_HOST_PUSH, .time = 105, .name = name, .domain = domain});
    put_launch(&w, 0, 110, 5);
    put_pop(&w, 0, 200);
    put_launch(&w, 0, 210, 6);
    put_host(&w, 0, (trace_host_event){.kind = TRACE_HOST_POP, .time = 220, .domain = domain});
    put_host(&w, 0, (trace_host_event){.kind = TRACE_HOST_POP, .time = 230, .domain = domain});
    put_kernel(&w, 5, 150, 160);
    put_kernel(&w, 6, 170, 270);
    read_back(&w, &r);
    assert_int_equal(r.rows.count, 1);
    assert_true(row_of(&r, BASE_NONE, METRICS_ROW_PREFILL)->latency.p50 == 100 / 1e6);
    assert_int_equal(r.kernels_in_ranges.ns, 10);
    assert_int_equal(r.kernels_outside.ns, 100);
    assert_int_equal(r.kernels_other_domains.ns, 100);
    assert_string_equal(r.other_domains, "CCCL");
    assert_int_equal(r.pops_without_push, 1);
    assert_int_equal(r.left_open, 0);
    metrics_results_free(&r);
}

/* A chosen domain owns work, and still nests on its own: each pop closes a push of its own domain. */
static void chosen_domain_owns_work(void **state) {
    (void)state;
    const char *const globs[] = {"nothing", "Tensor*"};
    for (int chosen = 0; chosen < 2; chosen++) {
        writer w;
        metrics_results r;
        writer_open(&w);
        uint32_t domain = put_string(&w, "TensorRT"), other = put_string(&w, "NCCL"),
                 name = put_string(&w, "decode");
        put_push(&w, 0, 100, "prefill");
        put_host(&w, 0,
                 (trace_host_event){.kind = TRACE_HOST_PUSH, .time = 110, .name = name, .domain = domain});
        put_launch(&w, 0, 120, 1); /* in both */
        put_pop(&w, 0, 200);
        put_launch(&w, 0, 210, 2); /* in decode alone */
        put_push(&w, 0, 220, "prefill");
        put_host(&w, 0, (trace_host_event){.kind = TRACE_HOST_POP, .time = 230, .domain = domain});
        put_launch(&w, 0, 240, 3); /* in the second prefill */
        put_pop(&w, 0, 250);
        put_host(&w, 0,
                 (trace_host_event){
                     .kind = TRACE_HOST_START, .time = 260, .name = name, .domain = domain, .id = 7});
        put_launch(&w, 0, 270, 4); /* in decode */
        put_host(&w, 0, (trace_host_event){.kind = TRACE_HOST_END, .time = 280, .domain = domain, .id = 7});
        put_launch(&w, 0, 290, 5); /* in nothing */
        put_host(&w, 0,
                 (trace_host_event){
                     .kind = TRACE_HOST_START, .time = 300, .name = name, .domain = other, .id = 8});
        put_launch(&w, 0, 310, 6); /* in a domain that was not chosen */
        put_launch(&w, 1, 315, 7); /* on another thread */
        put_host(&w, 0, (trace_host_event){.kind = TRACE_HOST_END, .time = 320, .domain = other, .id = 8});
        put_launch(&w, 0, 330, 8); /* in nothing */
        for (uint32_t i = 1; i <= 8; i++) {
            put_kernel(&w, i, 1000 * i, 1000 * i + (1u << i));
        }
        read_back_with(&w, &r, &(metrics_options){.k = BASE_NONE, .domains = {globs, chosen ? 2 : 1}});
        assert_int_equal(r.left_open + r.pops_without_push + r.ends_without_start, 0);
        assert_int_equal(r.kernels_in_ranges.ns, chosen ? 2 + 4 + 8 + 16 : 2 + 8);
        assert_int_equal(r.kernels_other_domains.ns, chosen ? 64 : 4 + 16 + 64);
        assert_int_equal(r.kernels_other_domains.count, chosen ? 1 : 3);
        assert_int_equal(row_of(&r, BASE_NONE, METRICS_ROW_PREFILL)->latency.n, 2);
        assert_int_equal(r.rows.count, chosen ? 2 : 1);
        metrics_results_free(&r);
    }
}

static void threads_nest_on_their_own(void **state) {
    (void)state;
    writer w;
    metrics_results r;
    writer_open(&w);
    put_push(&w, 0, 100, "top_k=4");
    put_push(&w, 3, 101, "prefill");
    put_launch(&w, 3, 110, 5);
    put_launch(&w, 9, 111, 6);
    put_pop(&w, 0, 120);
    put_pop(&w, 3, 130);
    put_pop(&w, 3, 131);
    put_kernel(&w, 5, 150, 160);
    put_kernel(&w, 6, 150, 160);
    read_back(&w, &r);
    row_of(&r, BASE_NONE, METRICS_ROW_PREFILL); /* the other thread's top_k does not count for it */
    assert_int_equal(r.rows.count, 1);
    assert_int_equal(r.kernels_in_ranges.count, 1);
    assert_int_equal(r.kernels_outside.count, 1);
    assert_int_equal(r.pops_without_push, 1);
    metrics_results_free(&r);
}

static void open_ranges_are_no_samples(void **state) {
    (void)state;
    writer w;
    metrics_results r;
    writer_open(&w);
    put_push(&w, 0, 100, "top_k=4");
    put_push(&w, 0, 101, "prefill");
    put_launch(&w, 0, 110, 5);
    put_kernel(&w, 5, 150, 160);
    read_back(&w, &r);
    assert_int_equal(r.rows.count, 0);
    assert_int_equal(r.left_open, 2);
    assert_int_equal(r.kernels_in_ranges.count, 1);
    metrics_results_free(&r);
}

/* In the PyTorch implementation the vision tower runs inside the prefill: its work counts for both. */
static void phases_may_nest(void **state) {
    (void)state;
    writer w;
    metrics_results r;
    writer_open(&w);
    put_push(&w, 0, 100, "prefill");
    put_push(&w, 0, 110, "vision");
    put_push(&w, 0, 115, "prefill"); /* a phase inside itself is no other sample */
    put_launch(&w, 0, 120, 5);
    for (uint64_t i = 0; i < 3; i++) {
        put_pop(&w, 0, 130 + i);
    }
    put_kernel(&w, 5, 200, 1100);
    read_back(&w, &r);
    assert_int_equal(r.rows.count, 2);
    const metrics_row *prefill = row_of(&r, BASE_NONE, METRICS_ROW_PREFILL);
    assert_int_equal(prefill->latency.n, 1);
    assert_true(prefill->latency.p50 == 1000 / 1e6);
    assert_true(prefill->kernels == 1 && prefill->busy == 900 / 1e6);
    assert_true(row_of(&r, BASE_NONE, METRICS_ROW_VISION)->latency.p50 == 990 / 1e6);
    metrics_results_free(&r);
}

/* What lies in an expert's range is its cost, at any depth; an expert inside an expert is part of it. */
static void experts_include_what_lies_inside(void **state) {
    (void)state;
    writer w;
    metrics_results r;
    writer_open(&w);
    put_push(&w, 0, 100, "layer3.expert7");
    put_push(&w, 0, 101, "mlp");
    put_push(&w, 0, 102, "expert.1");
    put_launch(&w, 0, 103, 1);
    put_pop(&w, 0, 110);
    put_launch(&w, 0, 111, 2);
    put_pop(&w, 0, 115);
    put_launch(&w, 0, 116, 3);
    put_pop(&w, 0, 120);
    put_kernel(&w, 1, 200, 201);
    put_kernel(&w, 2, 201, 211);
    put_kernel(&w, 3, 211, 311);
    read_back(&w, &r);
    assert_int_equal(r.costs.expert_count, 1);
    assert_int_equal(r.costs.layer_experts[0].layer, 3);
    assert_int_equal(r.costs.layer_experts[0].expert, 7);
    assert_int_equal(r.costs.layer_experts[0].kernel_ns, 111);
    assert_int_equal(r.costs.layer_experts[0].kernels, 3);
    assert_int_equal(r.costs.layer_experts[0].host_ns, 20);
    metrics_results_free(&r);
}

static void warm_up_is_left_out(void **state) {
    (void)state;
    writer w;
    metrics_results r;
    writer_open(&w);
    put_push(&w, 0, 0, "top_k=4");
    for (uint32_t i = 0; i < 4; i++) {
        put_push(&w, 0, 1000 * i + 1, i == 0 ? "warmup.0" : "sample.0");
        put_push(&w, 0, 1000 * i + 2, "decode");
        put_push(&w, 0, 1000 * i + 3, "decode.0");
        put_push(&w, 0, 1000 * i + 4, "layer.2");
        put_push(&w, 0, 1000 * i + 5, "expert.11");
        put_launch(&w, 0, 1000 * i + 6, i + 1);
        put_kernel(&w, i + 1, 1000 * i + 10, 1000 * i + (i == 0 ? 900 : 20));
        for (uint32_t j = 0; j < 5; j++) {
            put_pop(&w, 0, 1000 * i + 30 + j);
        }
    }
    read_back(&w, &r);
    assert_int_equal(r.rows.count, 2);
    assert_int_equal(row_of(&r, 4, METRICS_ROW_DECODE)->latency.n, 3);
    assert_true(row_of(&r, 4, METRICS_ROW_TOKEN)->latency.max == 31 / 1e6);
    assert_int_equal(r.costs.expert_count, 1);
    assert_int_equal(r.costs.layer_experts[0].layer, 2);
    assert_int_equal(r.costs.layer_experts[0].expert, 11);
    assert_int_equal(r.costs.layer_experts[0].calls, 3);
    assert_int_equal(r.costs.layer_experts[0].kernel_ns, 30);
    assert_int_equal(r.costs.layer_experts[0].with_tokens, 0);
    assert_int_equal(r.costs.attributed_ns, 30);
    assert_int_equal(r.kernels_in_ranges.ns, 890 + 30);
    metrics_results_free(&r);
}

static trace_host_event start_end(trace_host_kind kind, uint64_t time, uint64_t id, uint32_t name) {
    return (trace_host_event){.kind = (uint8_t)kind, .time = time, .id = id, .name = name};
}

/* A phase as a start/end range, ended by another thread, in both orders of their chunks. */
static void start_end_ranges_are_phases(void **state) {
    (void)state;
    for (int end_first = 0; end_first < 2; end_first++) {
        writer w;
        metrics_results r;
        writer_open(&w);
        uint32_t name = put_string(&w, "prefill");
        if (end_first) {
            put_host(&w, 1, start_end(TRACE_HOST_END, 300, 77, 0));
        }
        put_push(&w, 0, 50, "outer");
        put_host(&w, 0, start_end(TRACE_HOST_START, 100, 77, name));
        put_push(&w, 0, 110, "layer.0");
        put_launch(&w, 0, 120, 5);
        put_pop(&w, 0, 130);
        put_pop(&w, 0, 140); /* of outer, below the range that is still open */
        put_launch(&w, 0, 150, 6);
        if (!end_first) {
            put_host(&w, 1, start_end(TRACE_HOST_END, 300, 77, 0));
        }
        put_launch(&w, 0, 400, 7);
        put_kernel(&w, 5, 500, 510);
        put_kernel(&w, 6, 510, 520);
        put_kernel(&w, 7, 520, 530);
        read_back(&w, &r);
        const metrics_row *row = row_of(&r, BASE_NONE, METRICS_ROW_PREFILL);
        assert_true(row->latency.p50 == 420 / 1e6);
        assert_true(row->kernels == 2);
        assert_int_equal(r.kernels_outside.count, 1);
        assert_int_equal(r.left_open, 0);
        assert_int_equal(r.ends_without_start, 0);
        assert_int_equal(r.pops_without_push, 0);
        metrics_results_free(&r);
    }
}

static void ends_without_start_are_counted(void **state) {
    (void)state;
    writer w;
    metrics_results r;
    writer_open(&w);
    uint32_t name = put_string(&w, "x");
    put_host(&w, 0, start_end(TRACE_HOST_END, 100, 1, 0));
    put_host(&w, 0, start_end(TRACE_HOST_START, 110, 2, name));
    read_back(&w, &r);
    assert_int_equal(r.ends_without_start, 1);
    assert_int_equal(r.left_open, 1);
    metrics_results_free(&r);
}

/* More waiting records than are kept: the earliest become unattributed, none is lost from the sums. */
static void waiting_is_bounded(void **state) {
    (void)state;
    writer w;
    metrics_results r;
    uint32_t kept = ATTRIBUTION_WAITING + ATTRIBUTION_CHECK_WINDOW, n = kept + 1000;
    writer_open(&w);
    for (uint32_t i = 1; i <= n; i++) {
        put_kernel(&w, i, i, i + 3);
    }
    put_push(&w, 0, 100, "decode");
    for (uint32_t i = 1; i <= n; i++) {
        put_launch(&w, 0, 110, i);
    }
    put_pop(&w, 0, 120);
    read_back(&w, &r);
    assert_int_equal(r.kernels_all.count, n);
    assert_int_equal(r.kernels_unattributed.count, 1000);
    assert_int_equal(r.kernels_in_ranges.count, kept);
    assert_int_equal(r.kernels_unattributed.ns, 3000);
    metrics_results_free(&r);
}

/* A launch that is older than the table of launches reaches is forgotten; its slot's new owner is not
 * disturbed. */
static void old_launches_are_forgotten(void **state) {
    (void)state;
    writer w;
    metrics_results r;
    writer_open(&w);
    put_launch(&w, 0, 100, 10);
    put_launch(&w, 0, 110, 10 + ATTRIBUTION_CALLS);
    put_launch(&w, 0, 120, 10 + ATTRIBUTION_CALLS / 2);
    put_kernel(&w, 10, 200, 201);
    put_kernel(&w, 10 + ATTRIBUTION_CALLS, 300, 310);
    put_kernel(&w, 10 + ATTRIBUTION_CALLS / 2, 300, 400);
    read_back(&w, &r);
    assert_int_equal(r.kernels_unattributed.ns, 1);
    assert_int_equal(r.kernels_outside.ns, 110);
    metrics_results_free(&r);
}

/* Takes calls of this name, with ids from `first` on. */
static void calls(attribution_state *a, names_table *names, const char *name, uint32_t first,
                  uint32_t count) {
    names_define(names, 1, name, strlen(name));
    for (uint32_t i = 0; i < count; i++) {
        attribution_call(
            a, &(trace_host_event){.kind = TRACE_HOST_API, .time = 1, .name = 1, .correlation = first + i});
    }
}

/* Calls that give no work need no room for long, and a launch waits for its kernel all the same. */
static void calls_without_work_give_way(void **state) {
    (void)state;
    static const struct {
        const char *first, *others;
        size_t cap;
    } cases[] = {{"cudaStreamSynchronize", "cudaStreamSynchronize", ATTRIBUTION_DONE},
                 {"cudaStreamSynchronize", "cudaLaunchKernel", ATTRIBUTION_CALLS},
                 {"", "cudaMalloc", ATTRIBUTION_CALLS},
                 {"cudaLaunchKernel", "cudaFree", ATTRIBUTION_CALLS}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        names_table names = {0};
        attribution_ranges *ranges = attribution_ranges_new(&names, NULL);
        attribution_state *a = attribution_new(&names, ranges);
        calls(a, &names, cases[i].first, 10, 1);
        calls(a, &names, cases[i].others, 11, ATTRIBUTION_CALLS - 2);
        assert_true(attribution_call_room(a) <= cases[i].cap);
        if (cases[i].cap == ATTRIBUTION_CALLS && i > 1) {
            attribution_gpu(a, &(trace_gpu_event){.kind = TRACE_GPU_KERNEL, .correlation = 10});
            assert_int_equal(attribution_counts_of(a).unattributed_kernels.count, 0);
            attribution_finish(a, 1);
            assert_int_equal(attribution_counts_of(a).unattributed_kernels.count, 0);
        }
        attribution_free(a);
        attribution_ranges_free(ranges);
        names_free(&names);
    }
}

static void deep_nesting_is_survived(void **state) {
    (void)state;
    writer w;
    metrics_results r;
    writer_open(&w);
    uint32_t name = put_string(&w, "down");
    for (uint64_t i = 0; i < BASE_NESTING_MAX + 100; i++) {
        put_host(&w, 0, (trace_host_event){.kind = TRACE_HOST_PUSH, .time = i, .name = name});
    }
    for (uint64_t i = 0; i < BASE_NESTING_MAX + 100; i++) {
        put_pop(&w, 0, 200000 + i);
    }
    put_pop(&w, 0, 900000);
    read_back(&w, &r);
    assert_int_equal(r.left_open, 0);
    assert_int_equal(r.pops_without_push, 1);
    metrics_results_free(&r);
}

/* Work cannot begin before its launch, or end an hour after the last call: whichever of the two records comes first. */
static void times_outside_of_the_recording(void **state) {
    (void)state;
    const uint64_t second = 1000000000;
    for (int order = 0; order < 2; order++) {
        writer w;
        metrics_results r;
        writer_open(&w);
        put_push(&w, 0, 100 * second, "decode");
        for (uint32_t i = 1; i <= 5 && order == 0; i++) {
            put_launch(&w, 0, 101 * second + i, i);
        }
        put_kernel(&w, 1, 101 * second + 10, 101 * second + 20);
        put_kernel(&w, 2, 100 * second, 101 * second);             /* a second before its launch */
        put_kernel(&w, 3, 101 * second - 1000, 101 * second + 40); /* the clocks differ a little */
        put_kernel(&w, 4, 9000 * second, 9001 * second);
        put_kernel(&w, 5, 102 * second, 300 * second); /* somebody waits for it */
        for (uint32_t i = 1; i <= 5 && order == 1; i++) {
            put_launch(&w, 0, 101 * second + i, i);
        }
        put_pop(&w, 0, 103 * second);
        read_back(&w, &r);
        assert_int_equal(r.kernels_all.count, 5);
        assert_int_equal(r.kernels_in_ranges.count, 5);
        assert_int_equal(r.kernels_impossible, 2);
        assert_int_equal(r.kernels_untimed, 2);
        assert_int_equal(r.kernels_in_ranges.ns, 10 + 1040 + 198 * second);
        assert_int_equal(r.kernels_all.ns, r.kernels_in_ranges.ns);
        assert_int_equal(r.kernels_early, 1);
        assert_int_equal(r.earliest_ns, 1003);
        metrics_results_free(&r);
    }
}

/* Unattributed work that starts before the first call was launched before; in whatever order the records stand. */
static void launched_before_the_recording(void **state) {
    (void)state;
    for (int order = 0; order < 3; order++) {
        writer w;
        metrics_results r;
        writer_open(&w);
        if (order == 1) {
            put_launch(&w, 0, 1000, 8); /* another thread's call is earlier, and read later */
        }
        put_kernel(&w, 1, 100, 110);
        put_kernel(&w, 2, 499, 600);
        put_kernel(&w, 3, 500, 501);
        put_kernel(&w, 0, 700, 800); /* counted at once */
        if (order < 2) {
            put_launch(&w, 1, 500, 9);
        }
        read_back(&w, &r);
        assert_int_equal(r.kernels_unattributed.count, 4);
        assert_int_equal(r.kernels_before.count, order < 2 ? 2 : 0);
        assert_int_equal(r.kernels_before.ns, order < 2 ? 10 + 101 : 0);
        metrics_results_free(&r);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(owner_in_either_order),
        cmocka_unit_test(latency_is_no_shorter_than_the_range),
        cmocka_unit_test(graph_launch_owns_many),
        cmocka_unit_test(foreign_domain_does_not_disturb),
        cmocka_unit_test(chosen_domain_owns_work),
        cmocka_unit_test(threads_nest_on_their_own),
        cmocka_unit_test(open_ranges_are_no_samples),
        cmocka_unit_test(phases_may_nest),
        cmocka_unit_test(experts_include_what_lies_inside),
        cmocka_unit_test(warm_up_is_left_out),
        cmocka_unit_test(start_end_ranges_are_phases),
        cmocka_unit_test(ends_without_start_are_counted),
        cmocka_unit_test(waiting_is_bounded),
        cmocka_unit_test(times_outside_of_the_recording),
        cmocka_unit_test(launched_before_the_recording),
        cmocka_unit_test(calls_without_work_give_way),
        cmocka_unit_test(old_launches_are_forgotten),
        cmocka_unit_test(deep_nesting_is_survived),
    };
    return cmocka_run_group_tests_name("analysis: attribution", tests, NULL, NULL);
}
