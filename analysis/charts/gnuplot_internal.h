/* What the files that make a plot share. */
#ifndef CHARTS_GNUPLOT_INTERNAL_H
#define CHARTS_GNUPLOT_INTERNAL_H

#include <cjson/cJSON.h>
#include <stdio.h>

/* First words of every script: files that moetrace wrote are recognised by them. */
#define CHARTS_GNUPLOT_MAKER "Made by moetrace "

/* A member of a figure or series; NULL when it has none of this name. */
static inline const cJSON *charts_member(const cJSON *object, const char *key) {
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

/* Writes the data, tab-separated, under a line of headers; missing numbers are empty. `map` is the index of a
 * heat map's map, 0 for every other figure. */
void charts_gnuplot_data(FILE *f, const cJSON *figure, int map);

/* Writes the script that draws NAME.tsv. */
void charts_gnuplot_script(FILE *f, const cJSON *figure, const char *name);

#endif
