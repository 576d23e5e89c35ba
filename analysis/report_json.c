/* The report for programs: exp2_moe_topk_results.json as the experiment writes it. */
#include "analysis/report.h"

#include "analysis/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool add_summary(cJSON *object, const char *name, const analysis_summary *s) {
    cJSON *o = cJSON_AddObjectToObject(object, name);
    return o && cJSON_AddNumberToObject(o, "P50", s->p50) && cJSON_AddNumberToObject(o, "P95", s->p95) &&
           cJSON_AddNumberToObject(o, "P99", s->p99) && cJSON_AddNumberToObject(o, "mean", s->mean) &&
           cJSON_AddNumberToObject(o, "std", s->std) && cJSON_AddNumberToObject(o, "min", s->min) &&
           cJSON_AddNumberToObject(o, "max", s->max);
}

static bool add_row(cJSON *list, const analysis_row *row, bool first_of_k) {
    static const char *const keys[] = {"vision", "prefill", "decode", "decode_per_token"};
    cJSON *object;
    if (first_of_k) {
        object = cJSON_CreateObject();
        if (!cJSON_AddItemToArray(list, object) ||
            (row->k != ANALYSIS_NONE && !cJSON_AddNumberToObject(object, "top_k", row->k))) {
            return false;
        }
    } else {
        object = cJSON_GetArrayItem(list, cJSON_GetArraySize(list) - 1);
    }
    return add_summary(object, keys[row->kind], &row->latency);
}

cJSON *analysis_report_json(const analysis_results *results) {
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; list && i < results->row_count; i++) {
        if (!add_row(list, &results->rows[i], i == 0 || results->rows[i].k != results->rows[i - 1].k)) {
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

int analysis_report_write_json(const cJSON *json, const char *path, char error[TRACE_ERROR_BYTES]) {
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
