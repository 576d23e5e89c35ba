/* Which phases are one request, and which request is the median. */
#include "tests/unit/trace_builder.h"

#include "analysis/charts/charts.h"
#include "analysis/charts/timeline.h"

static void put_phase(writer *w, uint32_t thread, const char *name, uint64_t start, uint64_t end) {
    put_push(w, thread, start, name);
    put_pop(w, thread, end);
}

static void check(const metrics_results *r, size_t i, uint32_t k, uint64_t start, uint64_t end) {
    assert_true(i < r->requests.count);
    assert_int_equal(r->requests.list[i].k, k);
    assert_int_equal(r->requests.list[i].start, ZERO + start);
    assert_int_equal(r->requests.list[i].end, ZERO + end);
}

/* Phases in their order are one request; the same one again, or an earlier one, begins the next. */
static void phases_make_requests(void **state) {
    (void)state;
    writer w;
    metrics_results r;
    writer_open(&w);
    put_push(&w, 0, 90, "warmup.0");
    put_phase(&w, 0, "prefill", 91, 95);
    put_pop(&w, 0, 99);
    put_phase(&w, 0, "vision", 100, 110);
    put_phase(&w, 0, "prefill", 120, 130);
    put_phase(&w, 0, "decode", 140, 160);
    put_phase(&w, 0, "prefill", 200, 210); /* without vision */
    put_phase(&w, 0, "prefill", 300, 310); /* without decode before it */
    put_phase(&w, 0, "decode", 320, 330);
    put_push(&w, 0, 400, "top_k=4");
    put_phase(&w, 0, "decode", 410, 430); /* another k */
    put_pop(&w, 0, 440);
    read_back(&w, &r);
    assert_int_equal(r.requests.count, 4);
    check(&r, 0, BASE_NONE, 100, 160);
    check(&r, 1, BASE_NONE, 200, 210);
    check(&r, 2, BASE_NONE, 300, 330);
    check(&r, 3, 4, 410, 430);
    metrics_results_free(&r);
}

/* Threads have requests of their own, and GPU work lengthens the request that launched it. */
static void threads_and_gpu_work(void **state) {
    (void)state;
    writer w;
    metrics_results r;
    writer_open(&w);
    put_push(&w, 0, 100, "prefill");
    put_launch(&w, 0, 105, 1);
    put_pop(&w, 0, 120);
    put_phase(&w, 1, "prefill", 110, 130);
    put_phase(&w, 0, "decode", 140, 150);
    put_phase(&w, 1, "decode", 145, 170);
    put_kernel(&w, 1, 125, 190);
    read_back(&w, &r);
    assert_int_equal(r.requests.count, 2);
    for (size_t i = 0; i < 2; i++) {
        bool first = r.requests.list[i].start == ZERO + 100;
        check(&r, i, BASE_NONE, first ? 100 : 110, first ? 190 : 170);
    }
    metrics_results_free(&r);
}

/* The nearest rank, among profiled requests of one k. */
static void the_median_and_p99(void **state) {
    (void)state;
    static const struct {
        size_t n, median, p99;
    } cases[] = {{1, 1, 1}, {2, 1, 2}, {3, 2, 3}, {4, 2, 4}, {100, 50, 99}, {101, 51, 100}, {200, 100, 198}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        metrics_requests list = {0};
        metrics_request median, p99;
        for (size_t i = 0; i < 2 * cases[c].n; i++) { /* lengths n ... 1, each once profiled */
            list.list = base_grow(list.list, &list.cap, list.count + 1, sizeof *list.list);
            list.list[list.count++] =
                (metrics_request){.k = 8,
                                  .profiling = i % 2 ? ATTRIBUTION_PROFILED : ATTRIBUTION_UNPROFILED,
                                  .start = 1000 * i,
                                  .end = 1000 * i + cases[c].n - i / 2};
        }
        assert_int_equal(metrics_requests_choose(&list, 8, &median, &p99), cases[c].n);
        assert_int_equal(median.end - median.start, cases[c].median);
        assert_int_equal(p99.end - p99.start, cases[c].p99);
        assert_int_equal(metrics_requests_choose(&list, 4, &median, &p99), 0);
        metrics_requests_free(&list);
    }
}

static const cJSON *boxes_of(const cJSON *figure, const char *name) {
    const cJSON *lane;
    cJSON_ArrayForEach(lane, cJSON_GetObjectItemCaseSensitive(figure, "lanes")) {
        if (strcmp(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(lane, "name")), name) == 0) {
            return cJSON_GetObjectItemCaseSensitive(lane, "boxes");
        }
    }
    return NULL;
}

static double of(const cJSON *box, int i) {
    return cJSON_GetArrayItem(box, i)->valuedouble;
}

/* Too many boxes become fewer, and none is lost: counts and the whole extent stay. */
static void near_boxes_are_drawn_as_one(void **state) {
    (void)state;
    enum { CALLS = 10000 };
    writer w;
    metrics_results r;
    char error[TRACE_ERROR_BYTES];
    writer_open(&w);
    put_push(&w, 0, 1000, "prefill");
    for (uint32_t i = 1; i <= CALLS; i++) {
        put_launch(&w, 0, 1000 + 1000 * i, i);
    }
    put_pop(&w, 0, 1000 * (CALLS + 2));
    for (uint32_t i = 1; i <= CALLS; i++) {
        put_kernel(&w, i, 1100 + 1000 * i, 1600 + 1000 * i);
    }
    writer_close(&w);
    assert_int_equal(metrics_analyze(&r, w.path, &(metrics_options){.k = BASE_NONE}, error), 0);
    cJSON *figures = cJSON_CreateArray();
    charts_timeline_add(figures, &r, BASE_NONE);
    unlink(w.path);
    assert_int_equal(cJSON_GetArraySize(figures), 1); /* one request has no other P99 */
    const cJSON *boxes = boxes_of(cJSON_GetArrayItem(figures, 0), "GPU 0, stream 0"), *box;
    double count = 0, end = 0;
    assert_non_null(boxes);
    assert_true(cJSON_GetArraySize(boxes) <= CHARTS_TIMELINE_BOXES);
    assert_true(cJSON_GetArraySize(boxes) > CHARTS_TIMELINE_BOXES / 4);
    cJSON_ArrayForEach(box, boxes) {
        assert_true(of(box, 0) >= end);
        count += of(box, 3);
        end = of(box, 0) + of(box, 1);
    }
    assert_int_equal(count, CALLS);
    assert_float_equal(of(cJSON_GetArrayItem(boxes, 0), 0), 1.1, 1e-9);
    assert_float_equal(end, CALLS + 0.6, 1e-6);
    cJSON_Delete(figures);
    metrics_results_free(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phases_make_requests),
        cmocka_unit_test(threads_and_gpu_work),
        cmocka_unit_test(the_median_and_p99),
        cmocka_unit_test(near_boxes_are_drawn_as_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
