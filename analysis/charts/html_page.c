/* The HTML report, put together from analysis/html/ and one block of data. */
#include "analysis/charts/html_page.h"

#include "analysis/base/alloc.h"
#include "analysis/base/atomic_file.h"
#include "analysis/base/utf8.h"
#include "analysis/charts/charts.h"
#include "analysis/charts/timeline.h"
#include "analysis/export/export_common.h"
#include "analysis/report/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* analysis/charts/html/embed.S */
extern const char charts_html_page[], charts_html_style[], charts_html_charts[], charts_html_timeline[],
    charts_html_tables[], charts_html_script[], charts_html_library[], charts_html_licence[];

/* How every page begins. */
#define OPENING "<!doctype html>\n<!-- moetrace report -->\n"

bool charts_page_may_write(const char *path, char error[TRACE_ERROR_BYTES]) {
    char start[sizeof OPENING] = "";
    struct stat st;
    if (stat(path, &st) != 0) {
        return true; /* what else stands in the way is found when writing */
    }
    FILE *f = S_ISREG(st.st_mode) ? fopen(path, "rb") : NULL;
    if (!f) {
        snprintf(error, TRACE_ERROR_BYTES, "%s: is no file that can be replaced; give another name", path);
        return false;
    }
    size_t len = fread(start, 1, sizeof OPENING - 1, f);
    fclose(f);
    if (len > 0 && strcmp(start, OPENING) != 0) {
        snprintf(error, TRACE_ERROR_BYTES,
                 "%s: exists and is no HTML report; remove it, or give another name", path);
        return false;
    }
    return true;
}

/* ---- The data ---- */

static cJSON *tables_of(const metrics_results *results) {
    report_output out;
    report_output_begin(&out, REPORT_PAGE, NULL);
    report_print(results, CHARTS_PAGE_ROWS, &out);
    cJSON *tables = cJSON_DetachItemFromObject(cJSON_GetArrayItem(out.reports, 0), "tables");
    report_output_drop(&out);
    return tables;
}

cJSON *charts_page_data(const metrics_results *results) {
    cJSON *data = cJSON_CreateObject();
    cJSON_AddStringToObject(data, "version", MOETRACE_VERSION);
    cJSON_AddStringToObject(data, "trace", results->path);
    cJSON_AddBoolToObject(data, "complete", !report_incomplete(results));
    cJSON_AddItemToObject(data, "tables", tables_of(results));
    cJSON *figures = charts_make(results);
    charts_timeline_add(figures, results, results->costs.k);
    cJSON_AddItemToObject(data, "figures", figures);
    return data;
}

/* Writes JSON so that it can stand in a script element whatever its strings hold: "<" is only found in
 * strings, where it may be escaped, and without it no tag, end tag or comment begins. */
static void put_data(FILE *f, const char *json) {
    size_t len = strlen(json);
    char *clean = base_utf8_clean(json, &len);
    for (size_t i = 0; i < len; i++) {
        if (clean[i] == '<') {
            fputs("\\u003c", f);
        } else {
            putc(clean[i], f);
        }
    }
    free(clean);
}

/* ---- The page ---- */

typedef struct {
    const char *marker, *text; /* NULL: the data */
} part;

static const part parts[] = {
    {"@style@", charts_html_style},       {"@library@", charts_html_library},
    {"@licence@", charts_html_licence},   {"@charts@", charts_html_charts},
    {"@timeline@", charts_html_timeline}, {"@tables@", charts_html_tables},
    {"@script@", charts_html_script},     {"@data@", NULL},
};

static void put_page(FILE *f, const char *json) {
    fputs(OPENING, f);
    for (const char *p = charts_html_page; *p;) {
        const part *found = NULL;
        for (size_t i = 0; *p == '@' && i < sizeof parts / sizeof *parts; i++) {
            found = strncmp(p, parts[i].marker, strlen(parts[i].marker)) == 0 ? &parts[i] : found;
        }
        if (!found) {
            putc(*p++, f);
            continue;
        }
        if (found->text) {
            fputs(found->text, f);
        } else {
            put_data(f, json);
        }
        p += strlen(found->marker);
    }
}

int charts_page_write(const cJSON *data, const char *path, char error[TRACE_ERROR_BYTES]) {
    if (!charts_page_may_write(path, error)) {
        return -1;
    }
    char *json = cJSON_PrintUnformatted(data);
    if (!json) {
        snprintf(error, TRACE_ERROR_BYTES, "%s: no memory to write it", path);
        return -1;
    }
    char *temporary = base_file_begin(path, error);
    if (!temporary) {
        cJSON_free(json);
        return -1;
    }
    FILE *f = fopen(temporary, "wb");
    bool good = f != NULL;
    if (f) {
        put_page(f, json);
        good = fflush(f) == 0 && !ferror(f);
        good = fclose(f) == 0 && good;
    }
    if (!good) {
        snprintf(error, TRACE_ERROR_BYTES, "%s: could not be written: %s", path, strerror(errno));
    }
    cJSON_free(json);
    return base_file_finish(temporary, path, good, error);
}
