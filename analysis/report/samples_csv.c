/* The file of --samples: every sample on a line, as CSV. */
#include "analysis/report/samples_csv.h"

#include "analysis/base/alloc.h"
#include "analysis/base/csv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char header[] =
    "trace,k,phase,request,warmup,step,profiling,in_report,start_ms,latency_ms,range_ms,gpu_busy_ms,gpu_sum_"
    "ms,gpu_idle_ms,idle_in_enqueue_ms,idle_in_sync_ms,idle_host_work_ms,gpu_after_range_ms,longest_gap_ms,"
    "longest_gap_at_ms,kernels,steps,experts_per_layer\n";

static const char *profiling_name(attribution_profiling profiling) {
    if (profiling == ATTRIBUTION_PROFILED) {
        return "profiled";
    }
    return profiling == ATTRIBUTION_UNPROFILED ? "unprofiled" : "partly";
}

/* What is missing is empty. */
static void put_index(FILE *f, uint32_t index) {
    if (index == BASE_NONE) {
        fputs(",", f);
    } else {
        fprintf(f, ",%u", index);
    }
}

static void put_sample_number(FILE *f, double value) {
    putc(',', f);
    base_csv_number(f, value);
}

bool report_sample_counts(const metrics_results *r, const metrics_sample *s) {
    const metrics_row *row = metrics_rows_find(&r->rows, s->k, (metrics_row_kind)s->phase);
    return !s->step && !s->warm && row && row->from == s->profiling &&
           (!s->after_profiling || row->after_profiling);
}

static void put_sample(const metrics_results *r, const metrics_sample *s, FILE *f) {
    bool gpu = r->gpu_records > 0 && s->profiling == ATTRIBUTION_PROFILED;
    double latency = s->profiling == ATTRIBUTION_UNPROFILED ? s->own : s->latency,
           idle = s->latency - s->busy;
    double start = (double)(int64_t)(s->start - r->status.header.monotonic_ns) / 1e6;
    const double of_gpu[] = {s->busy,         s->gpu_sum,   idle,
                             s->idle_enqueue, s->idle_sync, idle - s->idle_enqueue - s->idle_sync,
                             s->beyond,       s->gap,       s->gap_at,
                             s->kernels};
    base_csv_text(f, metrics_results_path(r));
    put_index(f, s->k);
    fprintf(f, ",%s", s->step ? "step" : metrics_row_name((metrics_row_kind)s->phase));
    put_index(f, s->request);
    fprintf(f, ",%d", s->warm);
    put_index(f, s->number);
    fprintf(f, ",%s,%d", profiling_name(s->profiling), report_sample_counts(r, s));
    put_sample_number(f, start);
    put_sample_number(f, latency);
    put_sample_number(f, s->own);
    for (size_t i = 0; i < sizeof of_gpu / sizeof *of_gpu; i++) {
        put_sample_number(f, gpu ? of_gpu[i] : NAN);
    }
    put_sample_number(f, s->phase == ATTRIBUTION_DECODE && !s->step ? s->steps : NAN);
    put_sample_number(f, s->experts);
    putc('\n', f);
}

bool report_samples(const metrics_results *r, report_samples_text *text) {
    if (!text->file) {
        text->file = open_memstream(&text->bytes, &text->len);
        if (!text->file || fputs(header, text->file) < 0) {
            return false;
        }
    }
    for (size_t i = 0; i < r->samples.count; i++) {
        put_sample(r, &r->samples.list[i], text->file);
    }
    return !ferror(text->file);
}

/* By its first columns, which every version has had. */
static bool is_samples_csv(const char *path, const char *head, size_t len) {
    static const char columns[] = "trace,k,phase,request,warmup,";
    (void)path;
    return len >= sizeof columns && memcmp(head, columns, sizeof columns - 1) == 0;
}

const base_output_kind report_samples_kind = {"a CSV file of samples", is_samples_csv};

int report_samples_write(report_samples_text *text, const base_outputs *outputs, const char *path,
                         char error[TRACE_ERROR_BYTES]) {
    if (!text->file || fflush(text->file) != 0) {
        snprintf(error, TRACE_ERROR_BYTES, "%s: no memory to write it", path);
        return -1;
    }
    return base_output_write(outputs, path, &report_samples_kind, text->bytes, text->len, error);
}

void report_samples_drop(report_samples_text *text) {
    if (text->file) {
        fclose(text->file);
    }
    free(text->bytes);
    memset(text, 0, sizeof *text);
}
