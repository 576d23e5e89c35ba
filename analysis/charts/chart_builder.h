/* Figures as data: made once from the results, and drawn by the HTML page (html/) and by gnuplot.
 *
 * A figure is a JSON object. All kinds have
 *
 *   "section"          its heading on the page; figures of one section are consecutive
 *   "id"               unique
 *   "kind", "title"
 *   "note"             optional text below the figure
 *
 * A missing number is null. By kind, a figure also has
 *
 *   lines              "x", "y": titles of the axes
 *                      "values": the x of each point: a number, a text, or null (outside of top_k=K)
 *                      "series": list of {"name", "y": list, "low" and "high": ends of the 95 % intervals
 *                                (optional), "ideal": true for a line proportional to k, not measured}
 *                      "log": optional list of the logarithmic axes, "x" and "y"
 *   bars               as lines; grouped bars
 *   stack              as lines; stacked bars
 *   points             as lines; points side by side, with their intervals
 *   scatter            "x", "y" and "series" as above, but each series has its own "x", and optionally
 *                      "labels", a text per point. Both axes are logarithmic, unless "linear" is true: then
 *                      they begin at 0
 *   heat               "x", "y"; "unit" of the cells; "columns", "rows": x of each column and y of each row
 *                      "maps": list of {"name", "z": list of rows, each a list of cells}
 *   time               "x": title of the axis; "names": list of texts
 *                      "lanes": list of {"name", "kind": "range", "call", "kernel" or "copy", "boxes"}; a box
 *                      is [start us, duration us, index into names, number of events drawn as one, index
 *                      into names of the enclosing range] */
#ifndef CHARTS_CHART_BUILDER_H
#define CHARTS_CHART_BUILDER_H

#include <cjson/cJSON.h>

/* Adds a figure to the list, which owns it, and returns it. */
cJSON *charts_add_figure(cJSON *list, const char *section, const char *id, const char *kind,
                         const char *title);

/* Returns the number, or null if it is not finite. The caller owns it. */
cJSON *charts_number_or_null(double value);

/* Adds a series with an empty list "y" to the figure, which owns it, and returns it. */
cJSON *charts_add_series(cJSON *figure, const char *name);

/* Appends a number, or null if it is not finite, to the list `key` of an object; the list is created if it is missing. */
void charts_append(cJSON *object, const char *key, double value);

#endif
