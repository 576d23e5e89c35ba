/* The gnuplot script of a plot. It stands on its own, so that who writes the paper can change it and draw
 * again. */
#include "analysis/charts/gnuplot_internal.h"

#include "analysis/base/number_text.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

static const char *text_of(const cJSON *object, const char *key) {
    const char *text = cJSON_GetStringValue(charts_member(object, key));
    return text ? text : "";
}

/* In single quotes, where gnuplot reads nothing but the quote itself. */
static void put_gnuplot_text(FILE *f, const char *text) {
    putc('\'', f);
    for (const char *p = text; *p; p++) {
        fputs(*p == '\'' ? "'" : "", f);
        putc((unsigned char)*p < 0x20 ? ' ' : *p, f);
    }
    putc('\'', f);
}

static bool is_ideal(const cJSON *series) {
    return cJSON_IsTrue(charts_member(series, "ideal"));
}

static bool has_log(const cJSON *figure, const char *axis) {
    const cJSON *item;
    cJSON_ArrayForEach(item, charts_member(figure, "log")) {
        if (strcmp(cJSON_GetStringValue(item), axis) == 0) {
            return true;
        }
    }
    return false;
}

static void put_script_head(FILE *f, const cJSON *figure, const char *name) {
    static const char *const colours[] = {"0072b2", "d55e00", "009e73", "b14d8a",
                                          "c98a00", "3f97cf", "6f7780", "8a7f00"};
    fprintf(f, "# %s. " CHARTS_GNUPLOT_MAKER MOETRACE_VERSION "; `gnuplot %s.gp` draws it again.\n",
            text_of(figure, "title"), name);
    if (charts_member(figure, "note")) {
        fprintf(f, "# %s\n", text_of(figure, "note"));
    }
    fputs("reset session\nset encoding utf8\nset datafile separator tab\nset grid linecolor rgb '#c3c8cf'\n"
          "set border 3\nset tics nomirror\nset key outside top center horizontal noenhanced\n",
          f);
    for (size_t i = 0; i < sizeof colours / sizeof *colours; i++) {
        fprintf(f, "set linetype %zu linewidth 2 pointtype 7 pointsize 0.8 linecolor rgb '#%s'\n", i + 1,
                colours[i]);
    }
    fputs("set xlabel ", f);
    put_gnuplot_text(f, text_of(figure, "x"));
    fputs(" noenhanced\nset ylabel ", f);
    put_gnuplot_text(f, text_of(figure, "y"));
    fputs(" noenhanced\n", f);
}

/* Draws what follows twice. */
static void put_tail(FILE *f, const char *name, unsigned width, unsigned height) {
    fprintf(f, "set terminal svg size %u,%u noenhanced font 'sans-serif,13' background rgb 'white'\n", width,
            height);
    fprintf(f, "set output '%s.svg'\neval draw\n", name);
    fprintf(f,
            "if (strstrt(GPVAL_TERMINALS, ' pngcairo ') > 0) {\n"
            "    set terminal pngcairo size %u,%u noenhanced font 'Sans,22' linewidth 2 pointscale 2\n"
            "} else {\n"
            "    set terminal png size %u,%u noenhanced\n"
            "}\n",
            2 * width, 2 * height, 2 * width, 2 * height);
    fprintf(f, "set output '%s.png'\neval draw\nset output\n", name);
}

/* ---- Series over k: what is plotted is kept in a string that both terminals evaluate ---- */

/* Begins another part of the plot command; in a string of double quotes. */
static void part(FILE *f, const char *name, bool *first) {
    fprintf(f, "%s'%s.tsv' skip 1 using ", *first ? "draw = \"plot " : ", \\\n    ", name);
    *first = false;
}

static void put_title(FILE *f, const cJSON *series) {
    fputs(" title '", f);
    for (const char *p = text_of(series, "name"); *p; p++) {
        if ((unsigned char)*p >= 0x20 && !strchr("'\"\\`@", *p)) {
            putc(*p, f);
        }
    }
    putc('\'', f);
}

/* Draws the intervals of the series at `column`, whose x is `x`; where one is missing nothing is drawn. They
 * are lines with straight ends: gnuplot's own error bars leave the points out, and paint their places
 * white. */
static void put_intervals(FILE *f, const char *name, const char *x, int column, const char *colour) {
    bool first = false;
    part(f, name, &first);
    fprintf(f,
            "%s:%d:(0):(column(%d) - column(%d)) with vectors heads size screen 0.006,90 linewidth 1.5 "
            "linecolor %s notitle",
            x, column + 1, column + 2, column + 1, colour);
}

static int columns_of(const cJSON *series) {
    return charts_member(series, "low") ? 3 : 1;
}

/* Ticks at the values of x; by their numbers in the list where one is missing, or where `numbered` says
 * so. */
static bool put_ticks(FILE *f, const cJSON *figure, bool numbered) {
    char number[BASE_NUMBER_BYTES];
    const cJSON *value;
    int i = 0;
    cJSON_ArrayForEach(value, charts_member(figure, "values")) {
        numbered = numbered || !cJSON_IsNumber(value);
    }
    fputs("set xtics (", f);
    cJSON_ArrayForEach(value, charts_member(figure, "values")) {
        fputs(i ? ", " : "", f);
        if (!numbered) {
            fputs(base_number_text(number, value->valuedouble), f);
        } else if (cJSON_IsNumber(value)) {
            fprintf(f, "'%s' %d", base_number_text(number, value->valuedouble), i);
        } else {
            fprintf(f, "'-' %d", i);
        }
        i++;
    }
    fputs(")\n", f);
    return numbered;
}

/* A logarithmic y leaves room around the lines. */
static void put_log_range(FILE *f, const cJSON *figure) {
    const cJSON *series, *y;
    double low = INFINITY, high = 0;
    cJSON_ArrayForEach(series, charts_member(figure, "series")) {
        cJSON_ArrayForEach(y, charts_member(series, "y")) {
            low = cJSON_IsNumber(y) && y->valuedouble < low ? y->valuedouble : low;
            high = cJSON_IsNumber(y) && y->valuedouble > high ? y->valuedouble : high;
        }
    }
    fputs("set logscale y 2\n", f);
    if (low > 0 && low <= high) {
        fprintf(f, "set yrange [%g:%g]\n", low / 1.3, high * 1.3);
    }
}

static void put_lines(FILE *f, const cJSON *figure, const char *name) {
    const cJSON *series;
    bool first = true, intervals = false;
    int column = 2, colour = 1;
    const char *x = put_ticks(f, figure, false) ? "0" : "1";
    if (has_log(figure, "x")) { /* the values ascend */
        const cJSON *values = charts_member(figure, "values");
        fprintf(f, "set logscale x 2\nset xrange [%g:%g]\n",
                cJSON_GetArrayItem(values, 0)->valuedouble / 1.15,
                cJSON_GetArrayItem(values, cJSON_GetArraySize(values) - 1)->valuedouble * 1.15);
    } else {
        fputs("set offsets graph 0.05, graph 0.05, 0, 0\n", f);
    }
    if (has_log(figure, "y")) {
        put_log_range(f, figure);
    } else {
        fputs("set yrange [0:*]\n", f);
    }
    cJSON_ArrayForEach(series, charts_member(figure, "series")) {
        intervals = intervals || charts_member(series, "low");
    }
    cJSON_ArrayForEach(series, charts_member(figure, "series")) {
        part(f, name, &first);
        fprintf(f, "%s:%d", x, column);
        if (is_ideal(series)) {
            fputs(" with lines dashtype 2 linecolor rgb '#6f7780'", f);
        } else {
            fprintf(f, " with linespoints linetype %d", colour++);
            fputs(intervals && !charts_member(series, "low") ? " dashtype 3 linewidth 1.5 pointsize 0.5" : "",
                  f);
        }
        put_title(f, series);
        column += columns_of(series);
    }
    column = 2;
    colour = 1;
    cJSON_ArrayForEach(series, charts_member(figure, "series")) { /* over all lines */
        if (charts_member(series, "low")) {
            char own[16];
            snprintf(own, sizeof own, "%d", colour);
            put_intervals(f, name, x, column, own);
        }
        colour += !is_ideal(series);
        column += columns_of(series);
    }
    fputs("\"\n", f);
}

static int count_measured(const cJSON *figure) {
    const cJSON *series;
    int count = 0;
    cJSON_ArrayForEach(series, charts_member(figure, "series")) {
        count += !is_ideal(series);
    }
    return count;
}

/* bars and stack: histograms, whose x are texts. A cluster of n bars is one wide with its gap, which is a
 * bar. */
static void put_bars(FILE *f, const cJSON *figure, const char *name, bool stack) {
    const cJSON *series;
    bool first = true;
    int column = 2, colour = 1, count = count_measured(figure), number = 0;
    fprintf(f,
            "set style data histograms\nset style histogram %s\nset style fill solid 1.0 noborder\n"
            "set boxwidth %s\nset yrange [0:%s]\n",
            stack ? "rowstacked" : "clustered gap 1", stack ? "0.75" : "0.9 relative",
            text_of(figure, "y")[0] == '%' ? "100" : "*");
    cJSON_ArrayForEach(series, charts_member(figure, "series")) {
        part(f, name, &first);
        if (is_ideal(series)) {
            fprintf(f, "0:%d with lines dashtype 2 linecolor rgb '#6f7780'", column);
        } else {
            fprintf(f, "%d:xtic(stringcolumn(1) eq '' ? '-' : stringcolumn(1)) linetype %d", column,
                    colour++);
        }
        put_title(f, series);
        column += columns_of(series);
    }
    column = 2;
    cJSON_ArrayForEach(series, charts_member(figure, "series")) {
        if (!stack && charts_member(series, "low")) {
            char x[32];
            snprintf(x, sizeof x, "($0 %+.4f)", (number - (count - 1) / 2.0) / (count + 1));
            put_intervals(f, name, x, column, "rgb 'black'");
        }
        number += !is_ideal(series);
        column += columns_of(series);
    }
    fputs("\"\n", f);
}

/* points: beside each other, around the place of their x */
static void put_beside(FILE *f, const cJSON *figure, const char *name) {
    const cJSON *series;
    bool first = true;
    int column = 2, count = count_measured(figure), number = 0;
    put_ticks(f, figure, true);
    fprintf(f, "set xrange [-0.6:%d.6]\nset offsets 0, 0, graph 0.05, graph 0.05\n",
            cJSON_GetArraySize(charts_member(figure, "values")) - 1);
    cJSON_ArrayForEach(series, charts_member(figure, "series")) {
        char x[32], colour[16];
        snprintf(x, sizeof x, "($0 %+.4f)", 0.6 * ((number + 0.5) / count - 0.5));
        snprintf(colour, sizeof colour, "%d", number + 1);
        part(f, name, &first);
        if (is_ideal(series)) {
            fprintf(f, "0:%d with lines dashtype 2 linecolor rgb '#6f7780'", column);
        } else {
            fprintf(f, "%s:%d with points linetype %s", x, column, colour);
        }
        put_title(f, series);
        if (charts_member(series, "low")) {
            put_intervals(f, name, x, column, colour);
        }
        number += !is_ideal(series);
        column += columns_of(series);
    }
    fputs("\"\n", f);
}

/* ---- The others ---- */

static void put_scatter(FILE *f, const cJSON *figure, const char *name) {
    static const int marks[] = {7, 5, 13, 9, 11};
    const cJSON *series;
    bool first = true;
    int row = 0, number = 0, ideals = 0; /* of the file's lines, of the series */
    bool linear = cJSON_IsTrue(charts_member(figure, "linear"));
    fputs(linear ? "set xrange [0:*]\nset yrange [0:*]\n"
                 : "set logscale xy 10\nset format '%g'\n"
                   "set offsets graph 0.03, graph 0.03, graph 0.1, graph 0.05\n",
          f);
    cJSON_ArrayForEach(series, charts_member(figure, "series")) {
        int last = row + cJSON_GetArraySize(charts_member(series, "x")) - 1;
        part(f, name, &first);
        if (is_ideal(series)) {
            fprintf(f, "3:4 every ::%d::%d with lines %s", row, last,
                    ideals++ == 0 ? "dashtype 2 linecolor rgb '#6f7780'" : "linecolor rgb '#d55e00'");
            put_title(f, series);
        } else if (!charts_member(series, "labels")) {
            fprintf(f, "3:4 every ::%d::%d with points linetype %d pointsize 0.5", row, last, number % 8 + 1);
            put_title(f, series);
            number++;
        } else {
            fprintf(f,
                    "3:4 every ::%d::%d with linespoints linetype %d dashtype 3 pointtype %d pointsize 1.2",
                    row, last, number % 8 + 1, marks[number % 5]);
            put_title(f, series);
            part(f, name, &first);
            fprintf(f, "3:4:(stringcolumn(2)[5:*]) every ::%d::%d with labels offset 0, 0.9 notitle", row,
                    last);
            number++;
        }
        row = last + 1;
    }
    fputs("\"\n", f);
}

/* The axis over a list of indices, and about 16 ticks. */
static void put_index_axis(FILE *f, const char *axis, const cJSON *indices, bool reverse) {
    const cJSON *item;
    double low = INFINITY, high = -INFINITY;
    cJSON_ArrayForEach(item, indices) {
        double value = cJSON_IsNumber(item) ? item->valuedouble : -1;
        low = fmin(low, value);
        high = fmax(high, value);
    }
    double from = low - 0.5, to = high + 0.5;
    fprintf(f, "set %srange [%g:%g]\nset %stics %g\n", axis, reverse ? to : from, reverse ? from : to, axis,
            fmax(1, ceil((high - low + 1) / 16)));
}

static void put_heat(FILE *f, const cJSON *figure, const char *name) {
    fputs("set palette defined (0 '#00204c', 0.25 '#414d6b', 0.5 '#7c7b78', 0.75 '#bcaf6f', 1 '#ffe945')\n"
          "set cbrange [0:*]\nset cblabel ",
          f);
    put_gnuplot_text(f, text_of(figure, "unit"));
    fputs(" noenhanced\nset style fill solid 1.0 noborder\nunset key\nunset grid\nset tics out\n", f);
    put_index_axis(f, "x", charts_member(figure, "columns"), false);
    put_index_axis(f, "y", charts_member(figure, "rows"), true);
    fprintf(f,
            "draw = \"plot '%s.tsv' skip 1 using "
            "2:(valid(1)?$1:-1):($2-0.5):($2+0.5):(valid(1)?$1-0.5:-1.5):(valid(1)?$1+0.5:-0.5):3 with "
            "boxxyerror linecolor palette\"\n",
            name);
}

void charts_gnuplot_script(FILE *f, const cJSON *figure, const char *name) {
    const char *kind = text_of(figure, "kind");
    put_script_head(f, figure, name);
    unsigned width = 640, height = 400;
    if (strcmp(kind, "heat") == 0) {
        unsigned rows = (unsigned)cJSON_GetArraySize(charts_member(figure, "rows"));
        put_heat(f, figure, name);
        width = 900;
        height = rows > 40 ? 900 : rows * 16 + 160;
    } else if (strcmp(kind, "scatter") == 0) {
        put_scatter(f, figure, name);
    } else if (strcmp(kind, "lines") == 0) {
        put_lines(f, figure, name);
    } else if (strcmp(kind, "points") == 0) {
        put_beside(f, figure, name);
    } else {
        put_bars(f, figure, name, strcmp(kind, "stack") == 0);
    }
    put_tail(f, name, width, height);
}
