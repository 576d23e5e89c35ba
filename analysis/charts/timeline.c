/* Which requests get a time line, and the second pass over the trace for the window of each. */
#include "analysis/charts/timeline.h"
#include "analysis/charts/timeline_internal.h"

#include "analysis/base/alloc.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void free_timeline(charts_timeline *t) {
    for (unsigned i = 0; i < CHARTS_TIMELINE_DEPTH; i++) {
        free(t->host[i].list);
        free(t->gpu_ranges[i].list);
    }
    for (size_t i = 0; i < t->gpu_count; i++) {
        free(t->gpu[i].list);
    }
    free(t->calls.list);
    free(t->gpu);
    free(t->ranges);
    base_map_free(&t->call_range);
    names_free(&t->names);
    events_store_free(&t->rows);
}

static void add_request(cJSON *figures, const metrics_results *results, metrics_request request, size_t n,
                        bool p99) {
    charts_timeline t = {.request = request};
    uint64_t zero = results->status.header.monotonic_ns;
    char error[TRACE_ERROR_BYTES];
    events_store_filter window = {.from = request.start > zero ? request.start - zero : 0,
                                  .to = request.end > zero ? request.end - zero : 1};
    if (events_store_read(&t.rows, &results->path, 1, &window, NULL, NULL, error) == 0 &&
        charts_timeline_read(&t)) {
        charts_timeline_make_lanes(&t);
        charts_timeline_add_figure(figures, &t, n, p99);
    }
    free_timeline(&t);
}

void charts_timeline_add(cJSON *figures, const metrics_results *results, uint32_t k) {
    metrics_request median, p99;
    struct stat st;
    size_t n = 0;
    bool standard_input = strcmp(results->path, "-") == 0; /* what was read of it is kept */
    if (!standard_input && (stat(results->path, &st) != 0 || !S_ISREG(st.st_mode))) {
        return;
    }
    if (k != BASE_NONE) {
        n = metrics_requests_choose(&results->requests, k, &median, &p99);
    }
    for (size_t i = results->rows.count; k == BASE_NONE && n == 0 && i-- > 0;) { /* by k, the missing last */
        bool known = results->rows.list[i].k != BASE_NONE || results->rows.list[0].k == BASE_NONE;
        n = known ? metrics_requests_choose(&results->requests, results->rows.list[i].k, &median, &p99) : 0;
    }
    if (n > 0) {
        add_request(figures, results, median, n, false);
    }
    if (n > 1) {
        add_request(figures, results, p99, n, true);
    }
}
