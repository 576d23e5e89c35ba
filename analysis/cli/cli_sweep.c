/* See cli_sweep.h. */
#include "analysis/cli/cli_sweep.h"

#include "analysis/base/parallel_for.h"
#include "analysis/cli/cli_parallel_read.h"
#include "analysis/report/report_completeness.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MOST_K       999999999u
#define CONFIG_BYTES (1 << 24)

/* ---- Arguments ---- */

/* Reads digits; returns what follows them, or NULL if there are none, or too many. */
static const char *read_k_digits(const char *text, uint32_t *number) {
    uint64_t value = 0;
    size_t n = 0;
    for (; isdigit((unsigned char)text[n]); n++) {
        value = 10 * value + (uint64_t)(text[n] - '0');
        if (value > MOST_K) {
            return NULL;
        }
    }
    *number = (uint32_t)value;
    return n > 0 ? text + n : NULL;
}

/* The path behind k=K:, or NULL. */
static const char *path_behind_k(const char *argument, uint32_t *k) {
    struct stat st;
    const char *end = strncmp(argument, "k=", 2) == 0 ? read_k_digits(argument + 2, k) : NULL;
    return end && *end == ':' && stat(argument, &st) != 0 ? end + 1 : NULL;
}

void cli_sweep_add(cli_sweep *sweep, const char *argument) {
    sweep->runs = base_grow(sweep->runs, &sweep->cap, sweep->count + 1, sizeof *sweep->runs);
    sweep->runs[sweep->count++] = (cli_sweep_run){.argument = argument, .path = argument, .k = BASE_NONE};
}

bool cli_sweep_given(const cli_sweep *sweep) {
    uint32_t k;
    bool given = sweep->has_source;
    for (size_t i = 0; i < sweep->count; i++) {
        given = given || path_behind_k(sweep->runs[i].argument, &k);
    }
    return given;
}

/* ---- k from a name ---- */

/* The only number behind k, topk or top_k in `len` bytes of a path; BASE_NONE if there is none or several. */
static uint32_t k_in_name(const char *name, size_t len, bool *several) {
    uint32_t found = BASE_NONE;
    for (size_t i = 0; i < len; i++) {
        uint32_t k;
        if (tolower((unsigned char)name[i]) != 'k') {
            continue;
        }
        size_t word = i;
        while (word > 0 && (isalpha((unsigned char)name[word - 1]) || name[word - 1] == '_')) {
            word--;
        }
        bool top = i - word >= 3 && (strncasecmp(name + i - 3, "top", 3) == 0 ||
                                     (i - word >= 4 && strncasecmp(name + i - 4, "top_", 4) == 0));
        bool alone = i == 0 || !isalnum((unsigned char)name[i - 1]);
        size_t digits = i + 1 + (i + 1 < len && strchr("=_-", name[i + 1]) != NULL);
        const char *end = (top || alone) && digits < len ? read_k_digits(name + digits, &k) : NULL;
        if (end && !isalpha((unsigned char)*end)) {
            *several = *several || (found != BASE_NONE && found != k);
            found = k;
        }
    }
    return found;
}

/* That of the last part of the path which has one. */
static bool find_k_of_name(cli_sweep_run *run) {
    size_t end = strlen(run->path);
    bool several = false;
    while (end > 0 && run->k == BASE_NONE && !several) {
        while (end > 0 && run->path[end - 1] == '/') {
            end--;
        }
        size_t begin = end;
        while (begin > 0 && run->path[begin - 1] != '/') {
            begin--;
        }
        run->k = k_in_name(run->path + begin, end - begin, &several);
        end = begin;
    }
    if (several || run->k == BASE_NONE) {
        cli_error("%s: its name has %s k, as k=8, k8 or topk_8 would be; write k=K:%s", run->path,
                  several ? "more than one" : "no", run->path);
        return false;
    }
    return true;
}

/* ---- k from a config.json ---- */

static const char *const config_fields[] = {"num_experts_per_tok", "moe_top_k",       "moe_topk",
                                            "experts_per_token",   "moe_router_topk", "num_experts_per_token",
                                            "top_k_experts"};

static uint32_t k_of_config(const cJSON *json) {
    const cJSON *text = cJSON_GetObjectItemCaseSensitive(json, "text_config");
    for (size_t i = 0; i < sizeof config_fields / sizeof *config_fields; i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, config_fields[i]);
        double k = cJSON_IsNumber(item) ? item->valuedouble : -1;
        if (k >= 0 && k <= MOST_K && floor(k) == k) {
            return (uint32_t)k;
        }
    }
    return cJSON_IsObject(text) ? k_of_config(text) : BASE_NONE;
}

static cJSON *read_config(const char *path) {
    FILE *f = fopen(path, "rb");
    char *text = f ? malloc(CONFIG_BYTES) : NULL;
    size_t len = text ? fread(text, 1, CONFIG_BYTES, f) : 0;
    cJSON *json = text && len < CONFIG_BYTES ? cJSON_ParseWithLength(text, len) : NULL;
    free(text);
    if (f) {
        fclose(f);
    }
    return json;
}

/* That of the config.json in the directory of the traces. */
static bool find_k_of_config(cli_sweep_run *run) {
    struct stat st;
    const char *slash = strrchr(run->path, '/');
    bool directory = stat(run->path, &st) == 0 && S_ISDIR(st.st_mode);
    int len = directory ? (int)strlen(run->path) : 1;
    const char *folder = directory ? run->path : ".";
    if (!directory && slash) {
        len = slash > run->path ? (int)(slash - run->path) : 1;
        folder = run->path;
    }
    char *path = NULL;
    if (asprintf(&path, "%.*s/config.json", len, folder) < 0) {
        cli_error("no memory");
        return false;
    }
    cJSON *json = read_config(path);
    run->k = cJSON_IsObject(json) ? k_of_config(json) : BASE_NONE;
    if (!json) {
        cli_error("%s: --k-from=config needs this file, a model's config.json, beside the traces", path);
    } else if (run->k == BASE_NONE) {
        cli_error("%s: it has no number of experts per token (num_experts_per_tok, moe_top_k, ...)", path);
    }
    cJSON_Delete(json);
    free(path);
    return run->k != BASE_NONE;
}

/* ---- All runs ---- */

static bool find_k(const cli_sweep *sweep, cli_sweep_run *run) {
    uint32_t k;
    const char *behind = path_behind_k(run->argument, &k);
    if (behind && sweep->has_source) {
        cli_error("%s: k is given here and by --k-from; omit one of them", run->argument);
        return false;
    }
    if (behind) {
        run->path = behind;
        run->k = k;
    }
    if (!behind && !sweep->has_source) {
        cli_error("%s: several captures need k=K:%s each, or --k-from", run->argument, run->argument);
        return false;
    }
    if (behind || sweep->source == CLI_K_MARK) {
        return true;
    }
    return sweep->source == CLI_K_NAME ? find_k_of_name(run) : find_k_of_config(run);
}

static int by_k(const void *a, const void *b) {
    const cli_sweep_run *x = a, *y = b;
    return (x->k > y->k) - (x->k < y->k);
}

/* The rows of one k come from one capture. False after an error line. */
static bool each_k_once(cli_sweep *sweep) {
    qsort(sweep->runs, sweep->count, sizeof *sweep->runs, by_k);
    for (size_t i = 1; i < sweep->count; i++) {
        if (sweep->runs[i].k != BASE_NONE && sweep->runs[i].k == sweep->runs[i - 1].k) {
            cli_error("k=%u is that of %s and of %s: give one capture for each k", sweep->runs[i].k,
                      sweep->runs[i - 1].path, sweep->runs[i].path);
            return false;
        }
    }
    return true;
}

bool cli_sweep_find(cli_sweep *sweep) {
    if (sweep->count == 0) {
        cli_error("--k-from needs traces (see moetrace report --help)");
        return false;
    }
    for (size_t i = 0; i < sweep->count; i++) {
        if (!find_k(sweep, &sweep->runs[i])) {
            return false;
        }
    }
    if (!each_k_once(sweep)) {
        return false;
    }
    for (size_t i = 0; i < sweep->count; i++) {
        cli_sweep_run *run = &sweep->runs[i];
        run->trace_count = cli_traces(run->path, false, &run->traces);
        if (run->trace_count == 0) {
            return false;
        }
    }
    return true;
}

/* ---- Reading ---- */

/* The k of the ranges top_k=K, or of the mark, against that of the run. False after an error line. */
static bool check_k(const cli_sweep *sweep, cli_sweep_run *run, const metrics_results *r) {
    if (sweep->has_source && sweep->source == CLI_K_MARK) {
        run->k = r->marked_k;
    }
    if (run->k == BASE_NONE) {
        cli_error("%s: no mark in it gives its model's k; write k=K:%s", r->path, run->path);
        return false;
    }
    for (size_t i = 0; i < r->samples.count; i++) {
        uint32_t k = r->samples.list[i].k;
        if (k != run->k) {
            cli_error("%s: k=%u was given for it, but it has requests in ranges top_k=%u", r->path, run->k,
                      k);
            return false;
        }
    }
    if (!r->has_top_k && r->marked_k != BASE_NONE && r->marked_k != run->k) {
        cli_error("%s: k=%u was given for it, but the model in its mark has k=%u", r->path, run->k,
                  r->marked_k);
        return false;
    }
    return true;
}

static void describe_capture(metrics_capture *c, const cli_sweep_run *run, metrics_results *r, bool redact) {
    const char *slash = redact ? strrchr(run->path, '/') : NULL;
    c->k = run->k;
    c->path = slash && slash[1] ? slash + 1 : run->path;
    c->kernels = r->kernels_all.count;
    c->unattributed = r->kernels_unattributed.count;
    c->have_gpu = metrics_results_have_gpu(r);
    c->complete = !report_incomplete(r);
    costmodel_workload_text(&r->bottlenecks.workload, c->model);
    for (size_t i = 0; i < r->samples.count; i++) {
        c->phases += !r->samples.list[i].step && !r->samples.list[i].warm;
    }
    for (size_t i = 0; i < run->trace_count; i++) {
        if (strcmp(run->traces[i], r->path) == 0) {
            const char *name = strrchr(run->traces[i], '/');
            c->trace = redact && name ? name + 1 : run->traces[i];
        }
    }
}

/* A rate over peaks is of one device. False after an error line. */
static bool same_device(char **device, const metrics_results *r) {
    const char *name = metrics_results_meta(r, "device.0.name");
    if (name && *device && strcmp(name, *device) != 0) {
        cli_error("%s: of another device (%s) than the captures before it (%s): a sweep is of one", r->path,
                  name, *device);
        return false;
    }
    if (name && !*device) {
        *device = base_copy(name, strlen(name));
    }
    return true;
}

typedef struct {
    cli_sweep *sweep;
    const cli_table_options *tables;
    const names_rules *rules;
    metrics_results *joined;
    cli_sweep_taker *take;
    void *ctx;
    char *device;
} sweep_reading;

/* Joins the first trace of the run that has phases. */
static bool read_run(sweep_reading *rd, cli_sweep_run *run, metrics_capture *capture) {
    cli_table_options tables = *rd->tables;
    bool mark = rd->sweep->has_source && rd->sweep->source == CLI_K_MARK, ok = true;
    tables.run_k = (metrics_run_k){.known = !mark, .from_mark = mark, .k = run->k};
    *capture = (metrics_capture){.traces = run->trace_count};
    cli_reading *reading =
        cli_read_begin((const char *const *)run->traces, run->trace_count, &tables, rd->rules);
    for (size_t i = 0; ok && i < run->trace_count; i++) {
        metrics_results *r;
        ok = cli_read_next(reading, &r) == 0;
        if (ok && r->rows.count > 0 && capture->alike++ == 0) {
            ok = check_k(rd->sweep, run, r) && same_device(&rd->device, r) && rd->take(rd->ctx, r);
            if (ok) {
                describe_capture(capture, run, r, rd->tables->redact);
                metrics_capture_join(rd->joined, r);
            }
        }
        metrics_results_free(r);
    }
    cli_read_end(reading);
    if (ok && capture->alike == 0) {
        ok = false;
        cli_error("%s: it has no finished vision, prefill or decode range outside of warm-up requests",
                  run->path);
    }
    return ok;
}

static int by_capture_k(const void *a, const void *b) {
    const metrics_capture *x = a, *y = b;
    return (x->k > y->k) - (x->k < y->k);
}

bool cli_sweep_read(cli_sweep *sweep, const cli_table_options *tables, const names_rules *rules,
                    metrics_results *joined, metrics_capture *captures, cli_sweep_taker *take, void *ctx) {
    sweep_reading rd = {
        .sweep = sweep, .tables = tables, .rules = rules, .joined = joined, .take = take, .ctx = ctx};
    char *name = NULL;
    bool ok = true;
    memset(joined, 0, sizeof *joined);
    for (size_t i = 0; ok && i < sweep->count; i++) {
        ok = read_run(&rd, &sweep->runs[i], &captures[i]);
    }
    free(rd.device);
    if (!ok || !each_k_once(sweep)) {
        return false;
    }
    qsort(captures, sweep->count, sizeof *captures, by_capture_k);
    if (asprintf(&name, "%zu capture%s", sweep->count, sweep->count == 1 ? "" : "s") >= 0) {
        joined->path = name;
    }
    metrics_capture_sweep_make(joined, tables->jobs ? tables->jobs : base_cores());
    return true;
}

void cli_sweep_free(cli_sweep *sweep) {
    for (size_t i = 0; i < sweep->count; i++) {
        cli_free_traces(sweep->runs[i].traces, sweep->runs[i].trace_count);
    }
    free(sweep->runs);
    memset(sweep, 0, sizeof *sweep);
}
