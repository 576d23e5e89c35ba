/* One pass over a trace, then the sums. */
#include "analysis/results.h"

#include "analysis/memory.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    analysis_results *results;
    analysis_ranges ranges;
    analysis_attribution attribution;
    analysis_progress *progress;
    void *progress_ctx;
} reading;

static int on_meta(void *ctx, const char *key, size_t key_len, const char *value, size_t value_len) {
    analysis_results *r = ((reading *)ctx)->results;
    r->meta = analysis_grow(r->meta, &r->meta_cap, r->meta_count + 1, sizeof *r->meta);
    r->meta[r->meta_count++] = (analysis_meta){analysis_copy(key, key_len), analysis_copy(value, value_len)};
    return 0;
}

static int on_string(void *ctx, uint32_t id, const char *bytes, size_t len) {
    analysis_names_define(&((reading *)ctx)->results->names, id, bytes, len);
    return 0;
}

static int on_shape(void *ctx, const trace_shape *s) {
    analysis_attribution_shape(&((reading *)ctx)->attribution, s);
    return 0;
}

static int on_host(void *ctx, const trace_host_event *e) {
    reading *rd = ctx;
    uint64_t end = e->time + e->duration;
    rd->results->host_events++;
    if (end > rd->results->last_time) {
        rd->results->last_time = end;
    }
    if (e->kind == TRACE_HOST_API) {
        analysis_attribution_call(&rd->attribution, e);
    } else {
        analysis_ranges_event(&rd->ranges, e);
    }
    return 0;
}

static int on_gpu(void *ctx, const trace_gpu_event *e) {
    reading *rd = ctx;
    rd->results->gpu_records++;
    if (e->timed && e->end > rd->results->last_time) {
        rd->results->last_time = e->end;
    }
    analysis_attribution_gpu(&rd->attribution, e);
    return 0;
}

static int on_counter(void *ctx, const char *name, size_t name_len, uint64_t value) {
    analysis_results *r = ((reading *)ctx)->results;
    for (size_t i = 0; i < r->counter_count; i++) {
        if (strlen(r->counters[i].name) == name_len && memcmp(r->counters[i].name, name, name_len) == 0) {
            r->counters[i].value = value;
            return 0;
        }
    }
    r->counters = analysis_grow(r->counters, &r->counter_cap, r->counter_count + 1, sizeof *r->counters);
    r->counters[r->counter_count++] = (analysis_counter){analysis_copy(name, name_len), value};
    return 0;
}

static int on_end(void *ctx, uint64_t time, const char *reason, size_t reason_len) {
    analysis_results *r = ((reading *)ctx)->results;
    free(r->end_reason);
    r->end_reason = analysis_copy(reason, reason_len);
    r->last_time = time > r->last_time ? time : r->last_time;
    return 0;
}

static int on_progress(void *ctx, uint64_t done, uint64_t total) {
    reading *rd = ctx;
    if (rd->progress) {
        rd->progress(rd->progress_ctx, done, total);
    }
    return 0;
}

/* ---- Latency rows ---- */

static double ms(uint64_t ns) {
    return (double)ns / 1e6;
}

/* Makes the row of `kind` at `k` from the spans that belong there; none when there is no sample. */
static void add_row(analysis_results *r, analysis_ranges *ranges, uint32_t k, analysis_row_kind kind,
                    double *latency, double *busy, double *kernels) {
    analysis_phase phase = kind == ANALYSIS_ROW_TOKEN ? ANALYSIS_DECODE : (analysis_phase)kind;
    size_t n = 0;
    for (size_t i = 0; i < ranges->span_count; i++) {
        analysis_span *span = &ranges->spans[i];
        analysis_group group = ranges->groups[span->group];
        if (!span->closed || span->phase != phase || group.warm || group.k != k ||
            (kind == ANALYSIS_ROW_TOKEN && span->steps == 0)) {
            continue;
        }
        double parts = kind == ANALYSIS_ROW_TOKEN ? span->steps : 1;
        uint64_t end = span->gpu_end > span->end ? span->gpu_end : span->end;
        latency[n] = ms(end - span->start) / parts;
        busy[n] = ms(analysis_busy_settle(&span->busy)) / parts;
        kernels[n++] = (double)span->kernels / parts;
    }
    if (n > 0) {
        r->rows = analysis_grow(r->rows, &r->row_cap, r->row_count + 1, sizeof *r->rows);
        r->rows[r->row_count++] = (analysis_row){.k = k,
                                                 .kind = kind,
                                                 .latency = analysis_summarise(latency, n),
                                                 .busy = analysis_summarise(busy, n).p50,
                                                 .kernels = analysis_summarise(kernels, n).p50};
    }
}

static int by_number(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void make_rows(analysis_results *r, analysis_ranges *ranges) {
    uint32_t *ks = analysis_alloc(ranges->group_count, sizeof *ks);
    for (size_t i = 0; i < ranges->group_count; i++) {
        ks[i] = ranges->groups[i].k;
    }
    qsort(ks, ranges->group_count, sizeof *ks, by_number); /* ANALYSIS_NONE, the missing k, comes last */
    double *values[3];
    for (int i = 0; i < 3; i++) {
        values[i] = analysis_alloc(ranges->span_count, sizeof(double));
    }
    for (size_t i = 0; i < ranges->group_count; i++) {
        for (int kind = 0; kind <= ANALYSIS_ROW_TOKEN && (i == 0 || ks[i] != ks[i - 1]); kind++) {
            add_row(r, ranges, ks[i], (analysis_row_kind)kind, values[0], values[1], values[2]);
        }
    }
    for (int i = 0; i < 3; i++) {
        free(values[i]);
    }
    free(ks);
}

/* ---- Experts and kernels ---- */

static bool chosen(const analysis_results *r, const analysis_ranges *ranges, uint32_t group) {
    if (group == ANALYSIS_NONE) {
        return r->k == ANALYSIS_NONE;
    }
    return !ranges->groups[group].warm && (r->k == ANALYSIS_NONE || ranges->groups[group].k == r->k);
}

static analysis_expert *expert_row(analysis_expert **list, size_t *count, size_t *cap, analysis_map *index,
                                   uint32_t layer, uint32_t expert) {
    uint64_t key = (uint64_t)layer << 32 | expert;
    uint32_t at = analysis_map_get(index, key);
    if (at == ANALYSIS_NONE) {
        at = (uint32_t)*count;
        *list = analysis_grow(*list, cap, *count + 1, sizeof **list);
        (*list)[(*count)++] = (analysis_expert){.layer = layer, .expert = expert};
        analysis_map_put(index, key, at);
    }
    return &(*list)[at];
}

static void add_expert(analysis_expert *row, const analysis_node *node, const analysis_work *inclusive) {
    row->calls += node->calls;
    row->tokens += node->tokens;
    row->with_tokens += node->with_tokens;
    row->host_ns += node->host_ns;
    row->kernels += inclusive->count;
    row->kernel_ns += inclusive->ns;
}

static int by_expert_cost(const void *a, const void *b) {
    const analysis_expert *x = a, *y = b;
    if (x->kernel_ns != y->kernel_ns) {
        return x->kernel_ns < y->kernel_ns ? 1 : -1;
    }
    if (x->host_ns != y->host_ns) {
        return x->host_ns < y->host_ns ? 1 : -1;
    }
    if (x->layer != y->layer) {
        return x->layer > y->layer ? 1 : -1;
    }
    return (x->expert > y->expert) - (x->expert < y->expert);
}

static int by_kernel_cost(const void *a, const void *b) {
    const analysis_kernel_row *x = a, *y = b;
    if (x->ns != y->ns) {
        return x->ns < y->ns ? 1 : -1;
    }
    if (x->count != y->count) {
        return x->count < y->count ? 1 : -1;
    }
    return strcmp(x->name, y->name);
}

static void make_experts(analysis_results *r, const analysis_ranges *ranges) {
    analysis_work *inclusive = analysis_alloc(ranges->node_count, sizeof *inclusive);
    for (size_t i = ranges->node_count; i-- > 0;) { /* children have higher indices than their parents */
        const analysis_node *node = &ranges->nodes[i];
        inclusive[i].count += node->kernels;
        inclusive[i].ns += node->kernel_ns;
        if (i != ANALYSIS_ROOT) {
            inclusive[node->parent].count += inclusive[i].count;
            inclusive[node->parent].ns += inclusive[i].ns;
        }
    }
    analysis_map by_expert = {0}, by_layer = {0};
    for (size_t i = 0; i < ranges->node_count; i++) {
        const analysis_node *node = &ranges->nodes[i];
        if (!chosen(r, ranges, node->group)) {
            continue;
        }
        r->attributed_ns += node->kernel_ns;
        if (node->opens_expert) {
            add_expert(expert_row(&r->experts, &r->expert_count, &r->expert_cap, &by_expert, ANALYSIS_NONE,
                                  node->expert),
                       node, &inclusive[i]);
            add_expert(expert_row(&r->layer_experts, &r->layer_expert_count, &r->layer_expert_cap, &by_layer,
                                  node->layer, node->expert),
                       node, &inclusive[i]);
        }
    }
    analysis_map_free(&by_expert);
    analysis_map_free(&by_layer);
    free(inclusive);
    if (r->expert_count > 0) {
        qsort(r->experts, r->expert_count, sizeof *r->experts, by_expert_cost);
        qsort(r->layer_experts, r->layer_expert_count, sizeof *r->layer_experts, by_expert_cost);
    }
}

static void make_kernels(analysis_results *r, const reading *rd) {
    analysis_map by_name = {0};
    for (size_t i = 0; i < rd->attribution.kernel_count; i++) {
        const analysis_kernel *kernel = &rd->attribution.kernels[i];
        if (!chosen(r, &rd->ranges, kernel->group)) {
            continue;
        }
        uint32_t at = analysis_map_get(&by_name, kernel->name);
        if (at == ANALYSIS_NONE) {
            at = (uint32_t)r->kernel_count;
            analysis_map_put(&by_name, kernel->name, at);
            r->kernels = analysis_grow(r->kernels, &r->kernel_cap, r->kernel_count + 1, sizeof *r->kernels);
            r->kernels[r->kernel_count++].name = r->names.list[kernel->name].text;
        }
        r->kernels[at].count += kernel->count;
        r->kernels[at].ns += kernel->ns;
        r->chosen_ns += kernel->ns;
    }
    analysis_map_free(&by_name);
    if (r->kernel_count > 0) {
        qsort(r->kernels, r->kernel_count, sizeof *r->kernels, by_kernel_cost);
    }
}

/* ---- Integrity ---- */

static void make_integrity(analysis_results *r, const reading *rd) {
    const analysis_attribution *a = &rd->attribution;
    r->kernels_all = a->all_kernels;
    r->kernels_unattributed = a->lost_kernels;
    r->transfers_all = a->all_transfers;
    r->transfers_unattributed = a->lost_transfers;
    r->kernels_untimed = a->untimed_kernels;
    r->transfers_untimed = a->untimed_transfers;
    for (size_t i = 0; i < rd->ranges.node_count; i++) {
        analysis_work *work = i == ANALYSIS_ROOT ? &r->kernels_outside : &r->kernels_in_ranges;
        work->count += rd->ranges.nodes[i].kernels;
        work->ns += rd->ranges.nodes[i].kernel_ns;
    }
    r->left_open = analysis_ranges_left_open(&rd->ranges);
    r->pops_without_push = rd->ranges.pops_without_push;
    r->ends_without_start = rd->ranges.ends_without_start;
    for (size_t i = 0; i < rd->ranges.span_count; i++) {
        r->late += rd->ranges.spans[i].busy.late;
    }
}

int analysis_results_read(analysis_results *results, const char *path, uint32_t k,
                          analysis_progress *progress, void *progress_ctx, char error[TRACE_ERROR_BYTES]) {
    memset(results, 0, sizeof *results);
    results->k = k;
    results->path = analysis_copy(path, strlen(path));
    reading rd = {.results = results, .progress = progress, .progress_ctx = progress_ctx};
    analysis_ranges_init(&rd.ranges, &results->names);
    analysis_attribution_init(&rd.attribution, &results->names, &rd.ranges);
    trace_visitor visitor = {.ctx = &rd,
                             .meta = on_meta,
                             .string = on_string,
                             .shape = on_shape,
                             .host = on_host,
                             .gpu = on_gpu,
                             .counter = on_counter,
                             .end = on_end,
                             .progress = on_progress};
    int rc = trace_read(path, &visitor, &results->status, error);
    if (rc == 0) {
        analysis_ranges_close_ended(&rd.ranges);
        analysis_attribution_finish(&rd.attribution);
        make_integrity(results, &rd);
        make_rows(results, &rd.ranges);
        make_experts(results, &rd.ranges);
        make_kernels(results, &rd);
    }
    analysis_attribution_free(&rd.attribution);
    analysis_ranges_free(&rd.ranges);
    return rc;
}

const char *analysis_results_meta(const analysis_results *results, const char *key) {
    for (size_t i = 0; i < results->meta_count; i++) {
        if (strcmp(results->meta[i].key, key) == 0) {
            return results->meta[i].value;
        }
    }
    return NULL;
}

const analysis_counter *analysis_results_counter(const analysis_results *results, const char *name) {
    for (size_t i = 0; i < results->counter_count; i++) {
        if (strcmp(results->counters[i].name, name) == 0) {
            return &results->counters[i];
        }
    }
    return NULL;
}

void analysis_results_free(analysis_results *results) {
    for (size_t i = 0; i < results->meta_count; i++) {
        free(results->meta[i].key);
        free(results->meta[i].value);
    }
    for (size_t i = 0; i < results->counter_count; i++) {
        free(results->counters[i].name);
    }
    free(results->path);
    free(results->end_reason);
    free(results->meta);
    free(results->counters);
    free(results->rows);
    free(results->experts);
    free(results->layer_experts);
    free(results->kernels);
    analysis_names_free(&results->names);
    memset(results, 0, sizeof *results);
}
