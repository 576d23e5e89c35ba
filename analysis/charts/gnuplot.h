/* Figures (chart_builder.h) as files for a paper. Each figure, and each map of a heat map, is four files: NAME.tsv
 * is what was drawn, NAME.gp the gnuplot script that draws it, NAME.svg and NAME.png what that made. */
#ifndef CHARTS_GNUPLOT_H
#define CHARTS_GNUPLOT_H

#include "analysis/base/output_file.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>

/* Whether gnuplot can be run; false after one line in `error`. */
bool charts_gnuplot_possible(char error[TRACE_ERROR_BYTES]);

/* Draws the figures into the directory, which is made when it is missing; plots that moetrace drew before are
 * replaced. Time lines are left out. All or, when something fails, nothing. Returns how many were drawn, or
 * -1 with one line in `error`. */
int charts_gnuplot_write(const cJSON *figures, base_outputs *outputs, const char *directory,
                         char error[TRACE_ERROR_BYTES]);

#endif
