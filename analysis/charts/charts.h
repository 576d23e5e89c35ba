/* What is drawn: figures as data, made once from the results and drawn by the HTML page and by gnuplot.
 *
 * A figure is a JSON object with "section" (figures of one section stand together), "id" (unique), "kind",
 * "title" and, where there is something to say, "note". A missing number is null. The kinds, and what else
 * they have:
 *
 *   lines    "x", "y": what the axes are; "values": the x of every point, a text where it is none of a
 * number; "series": a list of {"name", "y": list, "low", "high": ends of 95 % intervals (may be absent),
 * "ideal": true where it is no measurement}. "log": ["x", "y"] or fewer: axes on which ratios are read off.
 *   bars     the same; the series stand side by side.
 *   stack    the same; the series stand on each other.
 *   points   the same; the series are points beside each other, with their intervals.
 *   scatter  "x", "y", "series" as above, but each with its own "x", and "labels", a text for each point,
 * which may be absent. Both axes are logarithmic, unless "linear" is true: then they begin at 0. heat "x",
 * "y"; "maps": a list of {"name", "unit", "x": list, "y": list, "z": rows of y}. time     "names": texts;
 * "lanes": a list of {"name", "kind": "range", "call", "kernel" or "copy", "boxes": list of [start us,
 * duration us, index into names, how many are drawn as one, index into names of the range around]}.
 *
 * An x that is null stands for requests outside of any top_k=K. */
#ifndef CHARTS_CHARTS_H
#define CHARTS_CHARTS_H

#include "analysis/metrics/analyze.h"

#include <cjson/cJSON.h>

/* All figures that these results have something for, in the order of showing. The caller deletes the list. */
cJSON *charts_make(const metrics_results *results);

/* Its parts; each adds figures to the list. */
void charts_latency(cJSON *list, const metrics_results *results);
void charts_roofline(cJSON *list, const metrics_results *results);
void charts_costs(cJSON *list, const metrics_results *results);
void charts_expert_load(cJSON *list, const metrics_results *results);
void charts_tail_latency(cJSON *list, const metrics_results *results);
void charts_fits(cJSON *list, const metrics_results *results);

/* ---- For the files that make figures ---- */

/* Adds a figure to the list. */
cJSON *charts_add(cJSON *list, const char *section, const char *id, const char *kind, const char *title);

/* The number, or null for NaN. */
cJSON *charts_number(double value);

/* Adds a series with an empty list "y". */
cJSON *charts_series(cJSON *figure, const char *name);

/* Appends a number to the list `key` of an object, making the list when there is none. */
void charts_put(cJSON *object, const char *key, double value);

#endif
