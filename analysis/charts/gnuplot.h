/* Figures (chart_builder.h) as files for papers. Each figure, and each map of a heat map, is four files: NAME.tsv (data),
 * NAME.gp (gnuplot script), NAME.svg and NAME.png (its output). */
#ifndef CHARTS_GNUPLOT_H
#define CHARTS_GNUPLOT_H

#include "analysis/base/output_file.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>

/* Returns whether gnuplot can be run; false with one line in `error`. */
bool charts_gnuplot_possible(char error[TRACE_ERROR_BYTES]);

/* Draws the figures, except time lines, into the directory, which is created if it is missing; earlier plots of moetrace
 * are replaced. Writes all files or none. Returns the number of plots, or -1 with one line in `error`. */
int charts_gnuplot_write(const cJSON *figures, base_outputs *outputs, const char *directory,
                         char error[TRACE_ERROR_BYTES]);

#endif
