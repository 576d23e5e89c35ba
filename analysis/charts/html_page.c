/* The HTML report, put together from analysis/html/ and one block of data. */
#include "analysis/charts/html_page.h"

#include "analysis/base/utf8.h"
#include "analysis/charts/charts.h"
#include "analysis/charts/timeline.h"
#include "analysis/export/export_common.h"
#include "analysis/report/report.h"
#include "analysis/report/report_completeness.h"

#include <stdlib.h>
#include <string.h>

/* analysis/charts/html/embed.S */
extern const char charts_html_page[], charts_html_style[], charts_html_charts[], charts_html_timeline[],
    charts_html_tables[], charts_html_script[], charts_html_library[], charts_html_licence[];

/* How every page begins. */
#define OPENING "<!doctype html>\n<!-- moetrace report -->\n"

static bool is_page(const char *path, const char *head, size_t len) {
    (void)path;
    return len >= sizeof OPENING && memcmp(head, OPENING, sizeof OPENING - 1) == 0;
}

const base_output_kind charts_page_kind = {"an HTML report", is_page};

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
    cJSON_AddStringToObject(data, "trace", metrics_results_path(results));
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

int charts_page_write(const cJSON *data, const base_outputs *outputs, const char *path,
                      char error[TRACE_ERROR_BYTES]) {
    char *json = cJSON_PrintUnformatted(data), *bytes = NULL;
    size_t len = 0;
    FILE *f = json ? open_memstream(&bytes, &len) : NULL;
    bool good = f != NULL;
    if (f) {
        put_page(f, json);
        good = !ferror(f);
        good = fclose(f) == 0 && good;
    }
    cJSON_free(json);
    int rc = -1;
    if (good) {
        rc = base_output_write(outputs, path, &charts_page_kind, bytes, len, error);
    } else {
        snprintf(error, TRACE_ERROR_BYTES, "%s: no memory to write it", path);
    }
    free(bytes);
    return rc;
}
