/* The data of a plot: tab-separated values that gnuplot, R and pandas read as they are. */
#include "analysis/charts/gnuplot_internal.h"

#include "analysis/base/number_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A field: neither tabs nor ends of lines. */
static void put_text(FILE *f, const char *text) {
    for (const char *p = text ? text : ""; *p; p++) {
        putc((unsigned char)*p < 0x20 ? ' ' : *p, f);
    }
}

static void put_tsv_number(FILE *f, const cJSON *item) {
    char text[BASE_NUMBER_BYTES];
    fputs(base_number_text(text, cJSON_IsNumber(item) ? item->valuedouble : NAN), f);
}

/* One line for each x, columns for each series: its values, and the ends of their intervals. */
static void put_series(FILE *f, const cJSON *figure) {
    const cJSON *values = charts_member(figure, "values"), *series;
    fputs("k", f);
    cJSON_ArrayForEach(series, charts_member(figure, "series")) {
        const char *name = cJSON_GetStringValue(charts_member(series, "name"));
        putc('\t', f);
        put_text(f, name);
        if (charts_member(series, "low")) {
            putc('\t', f);
            put_text(f, name);
            fputs(" low\t", f);
            put_text(f, name);
            fputs(" high", f);
        }
    }
    putc('\n', f);
    for (int i = 0; i < cJSON_GetArraySize(values); i++) {
        const cJSON *value = cJSON_GetArrayItem(values, i);
        if (cJSON_IsString(value)) {
            put_text(f, cJSON_GetStringValue(value));
        }
        put_tsv_number(f, value);
        cJSON_ArrayForEach(series, charts_member(figure, "series")) {
            putc('\t', f);
            put_tsv_number(f, cJSON_GetArrayItem(charts_member(series, "y"), i));
            if (charts_member(series, "low")) {
                putc('\t', f);
                put_tsv_number(f, cJSON_GetArrayItem(charts_member(series, "low"), i));
                putc('\t', f);
                put_tsv_number(f, cJSON_GetArrayItem(charts_member(series, "high"), i));
            }
        }
        putc('\n', f);
    }
}

/* One line for each point. */
static void put_points(FILE *f, const cJSON *figure) {
    const cJSON *series;
    fprintf(f, "series\tlabel\t%s\t%s\n", cJSON_GetStringValue(charts_member(figure, "x")),
            cJSON_GetStringValue(charts_member(figure, "y")));
    cJSON_ArrayForEach(series, charts_member(figure, "series")) {
        const cJSON *x = charts_member(series, "x"), *y = charts_member(series, "y"),
                    *labels = charts_member(series, "labels");
        for (int i = 0; i < cJSON_GetArraySize(x); i++) {
            put_text(f, cJSON_GetStringValue(charts_member(series, "name")));
            putc('\t', f);
            put_text(f, cJSON_GetStringValue(cJSON_GetArrayItem(labels, i)));
            putc('\t', f);
            put_tsv_number(f, cJSON_GetArrayItem(x, i));
            putc('\t', f);
            put_tsv_number(f, cJSON_GetArrayItem(y, i));
            putc('\n', f);
        }
    }
}

/* One line for each cell. */
static void put_heat_cells(FILE *f, const cJSON *figure, int map) {
    const cJSON *rows = charts_member(figure, "rows"), *columns = charts_member(figure, "columns"), *row,
                *cell;
    int y = 0;
    fprintf(f, "layer\texpert\t%s\n", cJSON_GetStringValue(charts_member(figure, "unit")));
    cJSON_ArrayForEach(row, charts_member(cJSON_GetArrayItem(charts_member(figure, "maps"), map), "z")) {
        int x = 0;
        cJSON_ArrayForEach(cell, row) {
            put_tsv_number(f, cJSON_GetArrayItem(rows, y));
            putc('\t', f);
            put_tsv_number(f, cJSON_GetArrayItem(columns, x++));
            putc('\t', f);
            put_tsv_number(f, cell);
            putc('\n', f);
        }
        y++;
    }
}

void charts_gnuplot_data(FILE *f, const cJSON *figure, int map) {
    const char *kind = cJSON_GetStringValue(charts_member(figure, "kind"));
    if (strcmp(kind, "heat") == 0) {
        put_heat_cells(f, figure, map);
    } else if (strcmp(kind, "scatter") == 0) {
        put_points(f, figure);
    } else {
        put_series(f, figure);
    }
}
