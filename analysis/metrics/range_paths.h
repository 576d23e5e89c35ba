/* Paths of ranges as a report lists them: names from the outermost to the innermost, every number in them a star, so
 * that layer.3 and layer.4 are one path. A path is known by its number; 0 is the empty one. */
#ifndef METRICS_RANGE_PATHS_H
#define METRICS_RANGE_PATHS_H

#include "analysis/names/name_table.h"

typedef struct {
    uint32_t parent; /* a lower number */
    uint32_t name;   /* index in `names` */
} metrics_range_path;

/* A zeroed one must be given to metrics_range_paths_init. */
typedef struct {
    metrics_range_path *list;
    size_t count, cap;
    names_table names;
    base_map by_name; /* parent and name -> list */
} metrics_range_paths;

void metrics_range_paths_init(metrics_range_paths *paths);

/* The path of a range named `name` inside of one whose path is `parent`. */
uint32_t metrics_range_paths_child(metrics_range_paths *paths, uint32_t parent, const names_entry *name);

/* The whole path, whatever its length: names with a slash between them. The caller frees it. */
char *metrics_range_paths_text(const metrics_range_paths *paths, uint32_t path);

void metrics_range_paths_free(metrics_range_paths *paths);

#endif
