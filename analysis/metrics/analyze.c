/* One pass over a trace, then the sums. */
#include "analysis/metrics/analyze.h"

#include "analysis/attribution/attribution.h"
#include "analysis/base/alloc.h"
#include "analysis/base/assert.h"
#include "analysis/base/parallel_for.h"
#include "analysis/input/async_reader.h"
#include "analysis/input/capture_reader.h"
#include "analysis/metrics/model_check.h"
#include "trace/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Threads, the caller's and that which reads among them, from which on one more adds up what spans do. */
#define JOBS_FOR_SPANS 3

typedef struct {
    metrics_results *results;
    attribution_ranges *ranges;
    attribution_state *attribution;
    metrics_tail_pools tails;
    const metrics_options *options;
} trace_reading;

static void take_cluster_sample(void *ctx, uint32_t span, const attribution_span_work *work,
                                attribution_breakdown *detail) {
    trace_reading *rd = ctx;
    (void)work;
    metrics_clusters_take(&rd->results->clusters, rd->ranges, span, detail);
}

static bool is_private(const char *key, size_t len) {
    static const char *const keys[] = {"command", "cwd", "host"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (len == strlen(keys[i]) && memcmp(key, keys[i], len) == 0) {
            return true;
        }
    }
    return false;
}

static int read_meta(void *ctx, const char *key, size_t key_len, const char *value, size_t value_len) {
    metrics_results *r = ((trace_reading *)ctx)->results;
    if (r->redacted && is_private(key, key_len)) {
        return 0;
    }
    r->meta = base_grow(r->meta, &r->meta_cap, r->meta_count + 1, sizeof *r->meta);
    metrics_meta *meta = &r->meta[r->meta_count];
    *meta = (metrics_meta){base_copy(key, key_len), base_copy(value, value_len)};
    uint32_t index = names_intern(&r->keys, key, key_len);
    if (base_map_get(&r->meta_by_key, index) == BASE_NONE) {
        base_map_put(&r->meta_by_key, index, (uint32_t)r->meta_count);
    }
    r->meta_count++;
    if (strcmp(meta->key, TRACE_FIRST_PROFILED) == 0) {
        attribution_ranges_set_first_profiled(((trace_reading *)ctx)->ranges,
                                              strtoull(meta->value, NULL, 10));
    } else if (strcmp(meta->key, INPUT_MARKS) == 0) {
        attribution_ranges_ignore_marks(((trace_reading *)ctx)->ranges);
    }
    return 0;
}

static int read_string(void *ctx, uint32_t id, const char *bytes, size_t len) {
    names_define(&((trace_reading *)ctx)->results->names, id, bytes, len);
    return 0;
}

static int read_shape(void *ctx, const trace_shape *s) {
    attribution_shape(((trace_reading *)ctx)->attribution, s);
    return 0;
}

static int read_queue(void *ctx, const trace_queue *q) {
    attribution_queue(((trace_reading *)ctx)->attribution, q);
    return 0;
}

static int read_host(void *ctx, const trace_host_event *e) {
    trace_reading *rd = ctx;
    uint64_t end = e->time + e->duration;
    rd->results->host_events++;
    if (end > rd->results->last_time) {
        rd->results->last_time = end;
    }
    if (e->kind == TRACE_HOST_API || e->kind == TRACE_HOST_GRAPH || e->kind == TRACE_HOST_NODE) {
        attribution_call(rd->attribution, e);
    } else {
        attribution_ranges_event(rd->ranges, e);
    }
    if (e->kind == TRACE_HOST_MARK) {
        costmodel_workload_event(&rd->results->bottlenecks.workload, &rd->results->names, e);
    }
    return 0;
}

static int read_gpu(void *ctx, const trace_gpu_event *e) {
    trace_reading *rd = ctx;
    rd->results->gpu_records++;
    attribution_gpu(rd->attribution, e);
    return 0;
}

static int read_counter(void *ctx, const char *name, size_t name_len, uint64_t value) {
    metrics_results *r = ((trace_reading *)ctx)->results;
    uint32_t index = names_intern(&r->keys, name, name_len), at = base_map_get(&r->counter_by_name, index);
    if (at != BASE_NONE) {
        r->counters[at].value = value;
        return 0;
    }
    base_map_put(&r->counter_by_name, index, (uint32_t)r->counter_count);
    r->counters = base_grow(r->counters, &r->counter_cap, r->counter_count + 1, sizeof *r->counters);
    r->counters[r->counter_count++] = (metrics_counter){base_copy(name, name_len), value};
    return 0;
}

static int read_end(void *ctx, uint64_t time, const char *reason, size_t reason_len) {
    metrics_results *r = ((trace_reading *)ctx)->results;
    free(r->end_reason);
    r->end_reason = base_copy(reason, reason_len);
    r->last_time = time > r->last_time ? time : r->last_time;
    return 0;
}

static int show_read_progress(void *ctx, uint64_t done, uint64_t total) {
    trace_reading *rd = ctx;
    if (rd->options->progress) {
        rd->options->progress(rd->options->progress_ctx, done, total);
    }
    return 0;
}

/* ---- Bottlenecks ---- */

static double meta_number(const metrics_results *r, const char *key) {
    const char *value = metrics_results_meta(r, key);
    return value ? strtod(value, NULL) : 0;
}

/* Peaks of the trace's device; nothing is known when there are several of different names. */
static void find_device_peaks(metrics_results *r, const costmodel_peaks *over) {
    static const char *const names[] = {"device.0.name", "device.1.name", "device.2.name", "device.3.name",
                                        "device.4.name", "device.5.name", "device.6.name", "device.7.name"};
    costmodel_device device = {.name = metrics_results_meta(r, names[0])};
    bool alike = true;
    for (size_t i = 1; i < sizeof names / sizeof *names; i++) {
        const char *other = metrics_results_meta(r, names[i]);
        alike = alike && (!other || (device.name && strcmp(other, device.name) == 0));
    }
    if (alike) {
        device.capability = metrics_results_meta(r, "device.0.compute_capability");
        device.memory_clock_hz = 1e3 * meta_number(r, "device.0.memory_clock_khz");
        device.memory_bus_bits = meta_number(r, "device.0.memory_bus_bits");
        device.clock_hz = 1e3 * meta_number(r, "device.0.clock_khz");
        device.multiprocessors = meta_number(r, "device.0.multiprocessors");
    } else {
        device.name = NULL;
    }
    costmodel_peaks_of_device(&r->bottlenecks.peaks, &device);
    if (over) {
        costmodel_peaks_override(&r->bottlenecks.peaks, over);
        if (over->device[0] && r->bottlenecks.peaks.device[0] &&
            strcmp(over->device, r->bottlenecks.peaks.device) != 0) {
            snprintf(r->bottlenecks.measured_on, sizeof r->bottlenecks.measured_on, "%s", over->device);
        }
    }
}

static void make_bottlenecks(metrics_results *r, const trace_reading *rd) {
    metrics_phase_works works = {0};
    find_device_peaks(r, rd->options->peaks);
    costmodel_workload *w = &r->bottlenecks.workload;
    const costmodel_workload *over = rd->options->workload;
    costmodel_model marked = w->model;
    bool has_mark = w->has_model;
    costmodel_workload_override(w, over);
    if (over && over->has_model) {
        metrics_model_check(w, has_mark ? &marked : NULL, rd->ranges);
    }
    metrics_phase_works_make(&works, rd->ranges);
    metrics_bottlenecks_make(&r->bottlenecks, &r->rows, &works, r->gpu_records > 0);
    metrics_phase_works_free(&works);
}

/* ---- Completeness ---- */

/* The names of the first domains with ranges that own no work; NULL without any. The caller frees it. */
static char *list_other_domains(const metrics_results *r, const attribution_ranges *ranges) {
    enum { SHOWN = 4, EACH = 60 };
    char text[SHOWN * (EACH + 2) + 32] = "";
    size_t count, used = 0;
    const uint32_t *names = attribution_ranges_other_domains(ranges, &count);
    for (size_t i = 0; i < count && i < SHOWN; i++) {
        used += (size_t)snprintf(text + used, EACH + 3, "%s%.*s", i > 0 ? ", " : "", EACH,
                                 r->names.list[names[i]].text);
    }
    if (count > SHOWN) {
        used += (size_t)snprintf(text + used, sizeof text - used, " and %zu more", count - SHOWN);
    }
    return count > 0 ? base_copy(text, used) : NULL;
}

static void count_gpu_work(metrics_results *r, const trace_reading *rd) {
    attribution_counts counts = attribution_counts_of(rd->attribution);
    r->kernels_all = counts.kernels;
    r->kernels_unattributed = counts.unattributed_kernels;
    r->kernels_other_domains = counts.other_domain_kernels;
    r->transfers_other_domains = counts.other_domain_transfers;
    r->other_domains = list_other_domains(r, rd->ranges);
    r->kernels_untimed = counts.untimed_kernels;
    r->transfers_all = counts.transfers;
    r->transfers_unattributed = counts.unattributed_transfers;
    r->transfers_untimed = counts.untimed_transfers;
    r->kernels_impossible = counts.impossible_kernels;
    r->transfers_impossible = counts.impossible_transfers;
    r->kernels_early = counts.early_kernels;
    r->transfers_early = counts.early_transfers;
    r->earliest_ns = counts.earliest_ns;
    r->kernels_before = counts.before_kernels;
    r->transfers_before = counts.before_transfers;
    r->unknown_nodes = counts.unknown_nodes;
    r->last_time = counts.last_end > r->last_time ? counts.last_end : r->last_time;
    attribution_work transfers = r->transfers_unattributed;
    for (size_t i = 0; i < attribution_ranges_node_count(rd->ranges); i++) {
        const attribution_node *node = attribution_ranges_node(rd->ranges, i);
        attribution_work *work = i == ATTRIBUTION_ROOT ? &r->kernels_outside : &r->kernels_in_ranges;
        work->count += node->kernels;
        work->ns += node->kernel_ns;
        transfers.count += node->transfers;
        transfers.ns += node->transfer_ns;
    }
    BASE_ASSERT(r->kernels_in_ranges.count + r->kernels_outside.count + r->kernels_unattributed.count ==
                r->kernels_all.count);
    BASE_ASSERT(r->kernels_in_ranges.ns + r->kernels_outside.ns + r->kernels_unattributed.ns ==
                r->kernels_all.ns);
    BASE_ASSERT(r->kernels_before.count <= r->kernels_unattributed.count);
    BASE_ASSERT(r->kernels_before.ns <= r->kernels_unattributed.ns);
    BASE_ASSERT(r->kernels_other_domains.count <= r->kernels_outside.count);
    BASE_ASSERT(r->kernels_other_domains.ns <= r->kernels_outside.ns);
    BASE_ASSERT(transfers.count == r->transfers_all.count && transfers.ns == r->transfers_all.ns);
}

static void add_defects(metrics_results *r, const trace_reading *rd) {
    const attribution_windows *windows = attribution_ranges_windows(rd->ranges);
    attribution_ranges_defects defects = attribution_ranges_defects_of(rd->ranges);
    r->marks = windows->count;
    r->only_warmup = attribution_ranges_only_warmup(rd->ranges);
    r->late_marks = windows->late;
    r->yielded = windows->yielded;
    r->left_open = defects.left_open;
    r->pops_without_push = defects.pops_without_push;
    r->ends_without_start = defects.ends_without_start;
    r->late = defects.late;
}

/* ---- Tables ---- */

/* The costs of each k that is known. */
static void make_costs_of_each_k(metrics_results *r, const trace_reading *rd) {
    r->each_k = base_alloc(r->rows.count, sizeof *r->each_k);
    for (size_t i = 0; i < r->rows.count; i++) { /* rows of one k stand together */
        uint32_t k = r->rows.list[i].k;
        if (k == BASE_NONE || (i > 0 && k == r->rows.list[i - 1].k)) {
            continue;
        }
        r->each_k_cut = r->each_k_count == METRICS_EACH_K_MAX;
        if (!r->each_k_cut) {
            metrics_costs_make(&r->each_k[r->each_k_count++], rd->ranges, k);
        }
    }
}

static void make_result_tables(metrics_results *r, trace_reading *rd, unsigned jobs) {
    bool gpu = r->gpu_records > 0;
    metrics_samples_make(&r->samples, rd->ranges);
    metrics_sweep_making *sweep = metrics_sweep_begin(&r->rows, &r->fits, &r->samples, gpu, jobs);
    metrics_costs_make(&r->costs, rd->ranges, rd->options->k);
    metrics_class_costs_make(&r->classes, rd->ranges, rd->options->k, r->transfers_unattributed,
                             rd->options->classes);
    metrics_tails_make(&r->tails, &rd->tails, rd->ranges, &r->samples, gpu);
    metrics_requests_make(&r->requests, rd->ranges);
    metrics_sweep_end(sweep);
    metrics_step_shapes_make(&r->step_shapes, &r->samples, &r->rows, gpu);
    make_bottlenecks(r, rd);
    const costmodel_workload *w = &r->bottlenecks.workload;
    metrics_load_make(&r->load, rd->ranges, rd->options->k, w->has_model ? (size_t)w->model.experts : 0);
    if (rd->options->each_k) {
        make_costs_of_each_k(r, rd);
    }
}

/* The mark's k is a whole number, or unknown. */
static void assume_run_k(metrics_results *r, const trace_reading *rd) {
    const costmodel_workload *w = &r->bottlenecks.workload;
    const metrics_run_k *run = &rd->options->run_k;
    r->has_top_k = attribution_ranges_have_k(rd->ranges);
    r->marked_k = w->has_model && w->model.top_k > 0 ? (uint32_t)w->model.top_k : BASE_NONE;
    if (run->known || (run->from_mark && r->marked_k != BASE_NONE)) {
        attribution_ranges_assume_k(rd->ranges, run->known ? run->k : r->marked_k);
    }
}

static int analyze_trace(metrics_results *results, const char *path, bool once,
                         const metrics_options *options, char error[TRACE_ERROR_BYTES]) {
    memset(results, 0, sizeof *results);
    results->redacted = options->redact;
    results->names.rules = options->rules;
    costmodel_workload_init(&results->bottlenecks.workload);
    results->path = base_copy(path, strlen(path));
    trace_reading rd = {.results = results, .options = options};
    unsigned jobs = options->jobs ? options->jobs : base_cores();
    attribution_ranges_options ranges = {
        .steps = options->detail, .domains = options->domains, .threaded = jobs >= JOBS_FOR_SPANS};
    if (options->detail) {
        ranges.on_sample = metrics_tail_take;
        ranges.on_sample_ctx = &rd.tails;
    } else if (options->clusters) {
        ranges.on_sample = take_cluster_sample;
        ranges.on_sample_ctx = &rd;
        ranges.threaded = false; /* take_cluster_sample looks at the ranges */
    }
    rd.ranges = attribution_ranges_new(&results->names, &ranges);
    rd.attribution = attribution_new(&results->names, rd.ranges);
    trace_visitor visitor = {.ctx = &rd,
                             .meta = read_meta,
                             .string = read_string,
                             .queue = read_queue,
                             .shape = read_shape,
                             .host = read_host,
                             .gpu = read_gpu,
                             .counter = read_counter,
                             .end = read_end,
                             .progress = show_read_progress};
    int rc = input_read_async(path, &visitor, jobs, once, &results->status, error);
    if (rc == 0) {
        attribution_ranges_close_ended(rd.ranges);
        assume_run_k(results, &rd);
        attribution_finish(rd.attribution, jobs);
        metrics_clusters_close(&results->clusters);
        attribution_take_devices(rd.attribution, &results->devices);
        count_gpu_work(results, &rd);
        add_defects(results, &rd);
        make_result_tables(results, &rd, jobs);
    }
    metrics_tail_pools_free(&rd.tails);
    attribution_free(rd.attribution);
    attribution_ranges_free(rd.ranges);
    return rc;
}

int metrics_analyze(metrics_results *results, const char *path, const metrics_options *options,
                    char error[TRACE_ERROR_BYTES]) {
    int rc = analyze_trace(results, path, true, options, error);
    if (rc == INPUT_READ_AGAIN) {
        metrics_results_free(results);
        rc = analyze_trace(results, path, false, options, error);
    }
    return rc;
}

bool metrics_results_have_gpu(const metrics_results *results) {
    return results->gpu_records > 0;
}

const char *metrics_results_path(const metrics_results *results) {
    const char *slash = results->redacted ? strrchr(results->path, '/') : NULL;
    return slash ? slash + 1 : results->path;
}

const char *metrics_results_meta(const metrics_results *results, const char *key) {
    uint32_t index = names_find(&results->keys, key, strlen(key));
    uint32_t at = index == BASE_NONE ? BASE_NONE : base_map_get(&results->meta_by_key, index);
    return at == BASE_NONE ? NULL : results->meta[at].value;
}

const metrics_counter *metrics_results_counter(const metrics_results *results, const char *name) {
    uint32_t index = names_find(&results->keys, name, strlen(name));
    uint32_t at = index == BASE_NONE ? BASE_NONE : base_map_get(&results->counter_by_name, index);
    return at == BASE_NONE ? NULL : &results->counters[at];
}

void metrics_results_free(metrics_results *results) {
    for (size_t i = 0; i < results->meta_count; i++) {
        free(results->meta[i].key);
        free(results->meta[i].value);
    }
    for (size_t i = 0; i < results->counter_count; i++) {
        free(results->counters[i].name);
    }
    free(results->path);
    free(results->end_reason);
    free(results->other_domains);
    free(results->meta);
    free(results->counters);
    names_free(&results->keys);
    base_map_free(&results->meta_by_key);
    base_map_free(&results->counter_by_name);
    metrics_samples_free(&results->samples);
    metrics_rows_free(&results->rows);
    metrics_step_shapes_free(&results->step_shapes);
    metrics_costs_free(&results->costs);
    metrics_class_costs_free(&results->classes);
    attribution_devices_free(&results->devices);
    metrics_load_free(&results->load);
    metrics_tails_free(&results->tails);
    metrics_clusters_free(&results->clusters);
    for (size_t i = 0; i < results->each_k_count; i++) {
        metrics_costs_free(&results->each_k[i]);
    }
    free(results->each_k);
    metrics_bottlenecks_free(&results->bottlenecks);
    metrics_requests_free(&results->requests);
    names_free(&results->names);
    memset(results, 0, sizeof *results);
}
