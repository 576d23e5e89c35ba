/* See cli_run_totals.h. */
#include "analysis/cli/cli_run_totals.h"

#include "analysis/cli/cli_parallel_read.h"
#include "analysis/report/report_completeness.h"

#include <stdlib.h>
#include <string.h>

static uint64_t counter_value(const metrics_results *r, const char *name) {
    const metrics_counter *c = metrics_results_counter(r, name);
    return c ? c->value : 0;
}

static void replace_text(char **text, const char *with) {
    free(*text);
    *text = with ? base_copy(with, strlen(with)) : NULL;
}

static const char *first_note(const metrics_results *r) {
    for (size_t i = 0; i < r->meta_count; i++) {
        if (strncmp(r->meta[i].key, "note.", 5) == 0) {
            return r->meta[i].value;
        }
    }
    return NULL;
}

static void add_trace(cli_run_totals *t, const metrics_results *r, uint64_t *earliest) {
    t->abrupt += !r->status.ended;
    t->incomplete += report_incomplete(r);
    t->have_gpu = t->have_gpu || metrics_results_have_gpu(r);
    t->bytes += r->status.bytes_total;
    t->requests += r->requests.count;
    t->host_events += r->host_events;
    t->kernels += r->kernels_all.count;
    t->unattributed += r->kernels_unattributed.count;
    t->host_lost += counter_value(r, "host.dropped");
    t->gpu_lost += counter_value(r, "gpu.dropped");
    if (r->status.header.monotonic_ns <= *earliest) {
        *earliest = r->status.header.monotonic_ns;
        replace_text(&t->program, metrics_results_meta(r, "program"));
        replace_text(&t->started, metrics_results_meta(r, "started"));
        replace_text(&t->level, metrics_results_meta(r, "level"));
    }
    if (!t->note) {
        replace_text(&t->note, first_note(r));
    }
}

void cli_run_totals_read(cli_run_totals *totals, char *const *traces, size_t count) {
    uint64_t earliest = UINT64_MAX;
    cli_table_options tables = CLI_TABLES_STANDARD;
    names_rules rules = {0};
    *totals = (cli_run_totals){.traces = count};
    if (count == 0) {
        return;
    }
    cli_reading *reading = cli_read_begin((const char *const *)traces, count, &tables, &rules);
    for (size_t i = 0; i < count; i++) {
        metrics_results *results;
        if (cli_read_next(reading, &results) == 0) {
            add_trace(totals, results, &earliest);
        } else {
            totals->unreadable++;
        }
        metrics_results_free(results);
    }
    cli_read_end(reading);
}

bool cli_run_totals_complete(const cli_run_totals *totals) {
    return totals->incomplete == 0 && totals->unreadable == 0;
}

void cli_run_totals_free(cli_run_totals *totals) {
    free(totals->program);
    free(totals->started);
    free(totals->level);
    free(totals->note);
}
