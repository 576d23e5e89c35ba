/* Shared parts of the writers of a plot's data and script. */
#ifndef CHARTS_GNUPLOT_INTERNAL_H
#define CHARTS_GNUPLOT_INTERNAL_H

#include <cjson/cJSON.h>
#include <stdio.h>

/* Beginning of all scripts, by which moetrace recognises its own files. */
#define CHARTS_GNUPLOT_MAKER "Made by moetrace "

/* Returns the member `key` of a figure or series, or NULL. */
static inline const cJSON *charts_member(const cJSON *object, const char *key) {
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

/* Writes the data, tab-separated with a header line; missing numbers are empty. `map` is the index of the map in a heat
 * map, 0 for all other kinds. */
void charts_gnuplot_data(FILE *f, const cJSON *figure, int map);

/* Writes the script that draws `name`.tsv. */
void charts_gnuplot_script(FILE *f, const cJSON *figure, const char *name);

#endif
