/* The report for programs: exp2_moe_topk_results.json as the experiment writes it. */
#include "analysis/report/report.h"

#include "analysis/base/alloc.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool add_summary(cJSON *object, const char *name, const stats_summary *s) {
    cJSON *o = cJSON_AddObjectToObject(object, name);
    return o && cJSON_AddNumberToObject(o, "P50", s->p50) && cJSON_AddNumberToObject(o, "P95", s->p95) &&
           cJSON_AddNumberToObject(o, "P99", s->p99) && cJSON_AddNumberToObject(o, "mean", s->mean) &&
           cJSON_AddNumberToObject(o, "std", s->std) && cJSON_AddNumberToObject(o, "min", s->min) &&
           cJSON_AddNumberToObject(o, "max", s->max);
}

static const char *row_key(const metrics_row *row) {
    return row->kind == METRICS_ROW_TOKEN ? "decode_per_token" : metrics_row_name(row->kind);
}

/* The object `name` in `object`, made when there is none. */
static cJSON *object_in(cJSON *object, const char *name) {
    cJSON *found = cJSON_GetObjectItemCaseSensitive(object, name);
    return found ? found : cJSON_AddObjectToObject(object, name);
}

/* NaN is missing: absent. */
static bool add_number(cJSON *object, const char *name, double value) {
    return isnan(value) || cJSON_AddNumberToObject(object, name, value);
}

/* What the profiled requests of this row took, and what profiling cost. */
static bool add_profiled(cJSON *object, const metrics_row *row) {
    if (row->profiled == 0 || row->unprofiled == 0) {
        return true;
    }
    cJSON *profiled = object_in(object, "watched"), *overhead = object_in(object, "distortion");
    cJSON *d = overhead ? cJSON_AddObjectToObject(overhead, row_key(row)) : NULL;
    return profiled && d && add_summary(profiled, row_key(row), &row->on) &&
           cJSON_AddNumberToObject(d, "n_unwatched", (double)row->unprofiled) &&
           cJSON_AddNumberToObject(d, "n_watched", (double)row->profiled) &&
           cJSON_AddNumberToObject(d, "unwatched_P50", row->off.p50) &&
           cJSON_AddNumberToObject(d, "watched_P50", row->on.p50) && add_number(d, "ratio", row->overhead) &&
           add_number(d, "ratio_low", row->overhead_ci.low) &&
           add_number(d, "ratio_high", row->overhead_ci.high);
}

static bool add_row(cJSON *list, const metrics_row *row, bool first_of_k) {
    cJSON *object;
    if (first_of_k) {
        object = cJSON_CreateObject();
        if (!cJSON_AddItemToArray(list, object) ||
            (row->k != BASE_NONE && !cJSON_AddNumberToObject(object, "top_k", row->k))) {
            return false;
        }
    } else {
        object = cJSON_GetArrayItem(list, cJSON_GetArraySize(list) - 1);
    }
    return add_summary(object, row_key(row), &row->latency) && add_profiled(object, row);
}

cJSON *report_json(const metrics_results *results) {
    const metrics_row *rows = results->rows.list;
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; list && i < results->rows.count; i++) {
        if (!add_row(list, &rows[i], i == 0 || rows[i].k != rows[i - 1].k)) {
            cJSON_Delete(list);
            return NULL;
        }
    }
    return list;
}

/* mkstemp makes the file private; a result is as readable as any new file. */
static void usual_mode(int fd) {
    mode_t mask = umask(0);
    umask(mask);
    (void)fchmod(fd, 0666 & ~mask);
}

/* Writes the text and a newline to fd and closes it; false with errno. */
static bool write_and_close(int fd, const char *text) {
    FILE *f = fdopen(fd, "w");
    if (!f) {
        close(fd);
        return false;
    }
    usual_mode(fd);
    bool good = fputs(text, f) >= 0 && putc('\n', f) != EOF && fflush(f) == 0 && fsync(fd) == 0;
    int why = errno;
    if (fclose(f) != 0 && good) {
        return false;
    }
    errno = why;
    return good;
}

int report_write_json(const cJSON *json, const char *path, char error[TRACE_ERROR_BYTES]) {
    char *text = json ? cJSON_Print(json) : NULL, *temporary = NULL;
    int rc = -1;
    if (!text || asprintf(&temporary, "%s.XXXXXX", path) < 0) {
        snprintf(error, TRACE_ERROR_BYTES, "%s: no memory to write it", path);
        cJSON_free(text);
        return -1;
    }
    int fd = mkstemp(temporary);
    if (fd >= 0 && write_and_close(fd, text) && rename(temporary, path) == 0) {
        rc = 0;
    } else {
        snprintf(error, TRACE_ERROR_BYTES, "%s: could not be written: %s", path, strerror(errno));
        if (fd >= 0) {
            unlink(temporary);
        }
    }
    free(temporary);
    cJSON_free(text);
    return rc;
}
