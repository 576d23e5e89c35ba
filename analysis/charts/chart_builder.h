/* Figures as data: made once from the results, and drawn by the HTML page (html/) and by gnuplot.
 *
 * A figure is a JSON object. Every kind has
 *
 *   "section"          the heading of the page under which it stands; figures of one section follow each other
 *   "id"               unique
 *   "kind", "title"
 *   "note"             optional text below the figure
 *
 * A missing number is null. By kind, a figure also has
 *
 *   lines              "x", "y": titles of the axes
 *                      "values": the x of every point, a number, a text, or null: outside of any top_k=K
 *                      "series": list of {"name", "y": list, "low" and "high": ends of the 95 % intervals
 *                                (optional), "ideal": true for a line that was not measured}
 *                      "log": optional list of the logarithmic axes, "x" and "y"
 *   bars               as lines; series stand side by side
 *   stack              as lines; series stand on each other
 *   points             as lines; series are points beside each other, with their intervals
 *   scatter            "x", "y" and "series" as above, but every series has its own "x", and optionally
 *                      "labels", a text for each point. Both axes are logarithmic, unless "linear" is true:
 *                      then they begin at 0
 *   heat               "x", "y"; "unit" of the cells; "columns", "rows": x of every column and y of every row
 *                      "maps": list of {"name", "z": list of rows, each a list of cells}
 *   time               "x": title of the axis; "names": list of texts
 *                      "lanes": list of {"name", "kind": "range", "call", "kernel" or "copy", "boxes"}; a box
 *                      is [start us, duration us, index into names, how many are drawn as one, index into
 *                      names of the range around] */
#ifndef CHARTS_CHART_BUILDER_H
#define CHARTS_CHART_BUILDER_H

#include <cjson/cJSON.h>

/* Adds a figure to the list, which owns it. */
cJSON *charts_add_figure(cJSON *list, const char *section, const char *id, const char *kind,
                         const char *title);

/* The number, or null when it is not finite. The caller owns it. */
cJSON *charts_number_or_null(double value);

/* Adds a series with an empty list "y". */
cJSON *charts_add_series(cJSON *figure, const char *name);

/* Appends a number, or null when it is not finite, to the list `key` of an object, and makes the list first
 * when there is none. */
void charts_append(cJSON *object, const char *key, double value);

#endif
