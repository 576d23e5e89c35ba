/* Several traces at a time: each thread reads the next trace, the caller receives the results
 * in the order of the traces. */
#include "analysis/cli/cli_parallel_read.h"

#include "analysis/base/parallel_for.h"
#include "analysis/input/async_reader.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    cli_reading *reading;
    metrics_results results;
    char error[TRACE_ERROR_BYTES];
    int rc;
    bool ready;
    uint64_t share; /* of the file that was read, in thousandths */
} one_trace;

struct cli_reading {
    const char *const *paths;
    size_t count;
    const cli_table_options *tables;
    const names_rules *rules;
    unsigned jobs; /* for each trace */
    size_t at_once, threads;
    one_trace *traces;
    base_pool *pool;        /* has the lock of what follows, and of `ready` and `share` */
    size_t next, given;     /* traces that were begun, and whose results the caller has */
    bool waiting;           /* the caller is, so that the terminal is free for progress */
    uint64_t shares, whole; /* what was read of all that is shown together */
    cli_progress progress;
};

static void on_read_progress(void *ctx, uint64_t done, uint64_t total) {
    one_trace *one = ctx;
    cli_reading *rd = one->reading;
    uint64_t share = total == 0 ? 0 : (uint64_t)(1000.0 * (double)done / (double)total);
    base_pool_lock(rd->pool);
    rd->shares += share - one->share;
    one->share = share;
    if (rd->waiting) {
        cli_show_progress(&rd->progress, rd->shares, rd->whole);
    }
    base_pool_unlock(rd->pool);
}

static void read_one(cli_reading *rd, size_t i) {
    one_trace *one = &rd->traces[i];
    const cli_table_options *tables = rd->tables;
    metrics_options choices = {.k = tables->k,
                               .run_k = tables->run_k,
                               .each_k = tables->each_k,
                               .redact = tables->redact,
                               .detail = tables->detail,
                               .clusters = tables->clusters,
                               .domains = {tables->domains, tables->domain_count},
                               .rules = rd->rules,
                               .classes = tables->classes,
                               .workload = tables->workload,
                               .peaks = tables->peaks,
                               .jobs = rd->jobs,
                               .progress = on_read_progress,
                               .progress_ctx = one};
    one->rc = metrics_analyze(&one->results, rd->paths[i], &choices, one->error);
}

static base_task_choice choose_trace(void *ctx, base_task *task) {
    cli_reading *rd = ctx;
    if (rd->next == rd->count) {
        return BASE_TASK_NONE;
    }
    if (rd->next >= rd->given + rd->at_once) {
        return BASE_TASK_LATER;
    }
    task->place = rd->next++;
    return BASE_TASK_CHOSEN;
}

static void read_trace(void *ctx, void *own, base_task task) {
    (void)own;
    read_one(ctx, task.place);
}

static void trace_is_ready(void *ctx, base_task task) {
    cli_reading *rd = ctx;
    rd->traces[task.place].ready = true;
}

static const base_pool_tasks reading_tasks = {choose_trace, read_trace, trace_is_ready, NULL, NULL};

cli_reading *cli_read_begin(const char *const *paths, size_t count, const cli_table_options *tables,
                            const names_rules *rules) {
    unsigned jobs = tables->jobs ? tables->jobs : base_cores();
    cli_reading *rd = base_alloc(1, sizeof *rd);
    rd->paths = paths;
    rd->count = count;
    rd->tables = tables;
    rd->rules = rules;
    rd->at_once = jobs < count ? jobs : count;
    rd->jobs = jobs / (unsigned)(rd->at_once ? rd->at_once : 1);
    rd->traces = base_alloc(count, sizeof *rd->traces);
    rd->pool = base_pool_new(&reading_tasks, rd);
    for (size_t i = 0; i < count; i++) {
        rd->traces[i].reading = rd;
    }
    rd->threads = base_pool_start(rd->pool, rd->at_once > 1 ? rd->at_once : 0);
    return rd;
}

/* Waits for a trace, or reads it here and now when no thread does. */
static void wait_for(cli_reading *rd, one_trace *one, size_t i) {
    base_pool_lock(rd->pool);
    bool alone = rd->threads == 0;
    rd->progress.path = alone ? rd->paths[i] : "the traces";
    rd->whole = 1000 * (uint64_t)(alone ? 1 : rd->count);
    rd->shares = alone ? 0 : rd->shares;
    rd->waiting = true;
    while (!alone && !one->ready) {
        base_pool_wait(rd->pool);
    }
    base_pool_unlock(rd->pool);
    if (alone) {
        read_one(rd, i);
    }
    base_pool_lock(rd->pool);
    rd->waiting = false;
    rd->given = i + 1;
    base_pool_go_on(rd->pool);
    base_pool_unlock(rd->pool);
}

/* Whether a trace of requests has any with top_k=k; false after an error line that says which k it has. */
static bool has_k(const metrics_results *results, uint32_t k) {
    char known[256] = "";
    uint32_t last = BASE_NONE;
    const metrics_costs *c = &results->costs;
    bool found = results->rows.count == 0 || c->kernel_count > 0 || c->range_count > 0;
    for (size_t i = 0, at = 0; i < results->rows.count && !found; i++) {
        uint32_t other = results->rows.list[i].k;
        found = other == k;
        if (other != last && other != BASE_NONE && at < sizeof known) {
            at += (size_t)snprintf(known + at, sizeof known - at, "%s%u", at == 0 ? "" : ", ", other);
            last = other;
        }
    }
    if (!found) {
        cli_error("--k=%u: no request of %s has this k; %s%s", k, results->path,
                  *known ? "it has " : "none of its requests is in a top_k=K range", known);
    }
    return found;
}

int cli_read_next(cli_reading *rd, metrics_results **results) {
    one_trace *one = &rd->traces[rd->given];
    wait_for(rd, one, rd->given);
    cli_hide_progress(&rd->progress);
    rd->progress.shown = false;
    *results = &one->results;
    if (one->rc != 0) {
        cli_error("%s", one->error);
        return one->rc;
    }
    uint32_t k = rd->tables->k;
    return k == BASE_NONE || has_k(&one->results, k) ? 0 : -1;
}

void cli_read_end(cli_reading *rd) {
    base_pool_free(rd->pool);
    for (size_t i = 0; i < rd->count; i++) {
        metrics_results_free(&rd->traces[i].results);
    }
    free(rd->traces);
    free(rd);
}
